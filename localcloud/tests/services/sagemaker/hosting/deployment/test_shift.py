import asyncio
from typing import Any

import pytest

from localcloud.host.clock import FakeClock
from localcloud.services.sagemaker.hosting.deployment.policy import Policy
from localcloud.services.sagemaker.hosting.deployment.shift import Deployment, RollbackError, Stage
from localcloud.services.sagemaker.hosting.fleet.fleet import FleetError
from localcloud.tests.services.sagemaker.fleets import FakeFleet, traffic_of

CANARY = Policy(shares=(0.25, 1.0), bake_seconds=60, termination_wait_seconds=30, alarms=("a", "b"))


class Rehearsed:
    """A deployment on a clock that moves with each look at the alarms, and what is done on the way."""

    def __init__(self, policy: Policy = CANARY, step_seconds: float = 5.0) -> None:
        self.clock = FakeClock(0.0)
        self.blue: Any = FakeFleet("blue")
        self.green: Any = FakeFleet("green")
        self.green.may_start.set()
        self.traffic = traffic_of((self.blue, 1.0))
        self.stages: list[tuple[str, float]] = []
        self.shares: list[float] = []
        self.alarm_at: dict[float, str] = {}
        self.actions: dict[float, Any] = {}
        self._policy = policy
        self._step = step_seconds

    def run(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        await Deployment(
            self.blue,
            self.green,
            self.traffic,
            self._policy,
            self.clock,
            self._alarms,
            lambda stage: self.stages.append((stage.green, stage.share)),
        ).run()

    def _alarms(self, names: tuple[str, ...]) -> list[str]:
        now = self.clock.advance(self._step)
        self.shares.append(self.traffic.share(self.green))
        for moment in [moment for moment in self.actions if moment <= now]:
            self.actions.pop(moment)()
        due = [name for moment, name in self.alarm_at.items() if moment <= now]
        return [name for name in names if name in due]


def rolled_back(deployment: Rehearsed) -> RollbackError:
    with pytest.raises(RollbackError) as caught:
        deployment.run()
    assert deployment.traffic.share(deployment.blue) == 1.0
    assert deployment.traffic.share(deployment.green) == 0.0
    return caught.value


def test_a_canary_bakes_then_takes_all_and_waits_before_blue_may_end():
    deployment = Rehearsed()
    deployment.run()
    assert deployment.stages == [
        ("Creating", 0.0),
        ("ActivatingTraffic", 0.25),
        ("Baking", 0.25),
        ("ActivatingTraffic", 1.0),
        ("Baking", 1.0),
    ]
    assert deployment.traffic.share(deployment.green) == 1.0
    assert deployment.shares.count(0.25) >= 60 / 5


def test_a_linear_shift_bakes_after_each_step():
    deployment = Rehearsed(Policy(shares=(0.5, 1.0), bake_seconds=10))
    deployment.run()
    assert [share for kind, share in deployment.stages if kind == "ActivatingTraffic"] == [0.5, 1.0]


def test_an_alarm_in_the_canarys_bake_brings_all_traffic_home():
    deployment = Rehearsed()
    deployment.alarm_at = {30.0: "b"}
    error = rolled_back(deployment)
    assert (error.alarm, str(error)) == ("b", "Alarm b is in ALARM state.")
    assert 1.0 not in deployment.shares


def test_an_alarm_in_the_termination_wait_brings_it_home_too():
    deployment = Rehearsed()
    deployment.alarm_at = {95.0: "a"}
    assert rolled_back(deployment).alarm == "a"
    assert 1.0 in deployment.shares


def test_an_alarm_that_is_in_alarm_at_the_start_stops_the_deployment_before_any_traffic():
    deployment = Rehearsed()
    deployment.alarm_at = {0.0: "a"}
    assert rolled_back(deployment).alarm == "a"
    assert set(deployment.shares) == {0.0}


def test_a_green_fleet_that_cannot_start_never_gets_traffic():
    deployment = Rehearsed()
    deployment.green.start_error = FleetError("no ping")
    error = rolled_back(deployment)
    assert (error.alarm, str(error)) == (None, "no ping")
    assert set(deployment.shares) == {0.0}


def test_a_green_fleet_that_cannot_replace_an_instance_is_given_up():
    deployment = Rehearsed()
    deployment.actions = {40.0: lambda: setattr(deployment.green, "failure", "gone")}
    assert str(rolled_back(deployment)) == "gone"


def test_the_rest_of_the_traffic_waits_for_crashed_instances_to_be_replaced():
    deployment = Rehearsed()
    instance = deployment.green.variants["AllTraffic"].instances[0]
    deployment.actions = {
        50.0: lambda: setattr(instance, "healthy", False),
        120.0: lambda: setattr(instance, "healthy", True),
    }
    deployment.run()
    assert deployment.shares.count(0.25) >= 120 / 5 - 2


def test_a_deployment_that_takes_too_long_goes_back():
    deployment = Rehearsed(Policy(shares=(0.5, 1.0), bake_seconds=600, timeout_seconds=100))
    assert "MaximumExecutionTimeoutInSeconds" in str(rolled_back(deployment))


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (Stage("Creating", 0.0), "Launching 4 instance(s)."),
        (Stage("ActivatingTraffic", 0.3), "Activating traffic on canary capacity of 2 instance(s)."),
        (
            Stage("Baking", 0.25, 300),
            "Baking for 300 seconds (WaitIntervalInSeconds) with traffic enabled on canary capacity of 1 "
            "instance(s).",
        ),
        (
            Stage("Baking", 1.0, 600),
            "Baking for 600 seconds (TerminationWaitInSeconds) with traffic enabled on full capacity of 4 "
            "instance(s).",
        ),
    ],
)
def test_a_stage_is_worded_as_the_service_words_it(stage, message):
    assert stage.message(4) == message


def test_starting_green_takes_real_time_and_does_not_use_up_the_limit_of_a_fast_cloud():
    policy = Policy(shares=(1.0,), bake_seconds=0, timeout_seconds=100)
    deployment = Rehearsed(policy, step_seconds=150.0)
    deployment.green.may_start.clear()
    deployment.actions[600.0] = deployment.green.may_start.set
    deployment.run()
    assert deployment.traffic.share(deployment.green) == 1.0
