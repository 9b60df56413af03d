"""ScaleFleet: the fleet is registered as its model's time allows, again when it changes, and taken out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.scaling import FleetScaling, ScheduledBounds
from contracts.settings import ScaleFleetSettings
from lambdas.aws import clients
from lambdas.aws.custom_resources import reply
from lambdas.scale_fleet import handler as scale_fleet
from lambdas.scale_fleet import plan
from tests.unit.lambdas.conftest import Context, set_environment
from tests.unit.lambdas.fakes import FakeCloudWatch, FakeSageMaker, FakeService, refused

ENDPOINT = "housing-dev"
OLD, NEW = "housing-dev-0000000000000000", "housing-dev-1111111111111111"
SCALING = FleetScaling(stages=("dev",), min_instances=2, max_instances=6, max_p99_ms=100.0)
RESOURCE = f"endpoint/{ENDPOINT}/variant/AllTraffic"


class FakeScaling(FakeService):
    """Application Auto Scaling with at most one target."""

    service = "application-autoscaling"

    def __init__(self) -> None:
        super().__init__()
        self.bounds: tuple[int, int] | None = None
        self.policies: dict[str, dict[str, Any]] = {}
        self.schedules: dict[str, dict[str, Any]] = {}

    def do_describe_scalable_targets(self, ResourceIds: list[str], **_: Any) -> Any:
        assert ResourceIds == [RESOURCE]
        return {"ScalableTargets": [{"ResourceId": RESOURCE}] if self.bounds else []}

    def do_register_scalable_target(self, MinCapacity: int, MaxCapacity: int, **_: Any) -> Any:
        self.bounds = (MinCapacity, MaxCapacity)
        return {}

    def do_deregister_scalable_target(self, **_: Any) -> Any:
        if not self.bounds:
            raise refused("ObjectNotFoundException", "No scalable target found", "Deregister")
        self.bounds = None
        self.policies.clear()
        self.schedules.clear()
        return {}

    def do_describe_scaling_policies(self, **_: Any) -> Any:
        return {"ScalingPolicies": [{"PolicyName": name} for name in self.policies]}

    def do_put_scaling_policy(self, PolicyName: str, **policy: Any) -> Any:
        self.policies[PolicyName] = policy
        return {"PolicyARN": f"arn:aws:autoscaling:us-east-1:111122223333:scalingPolicy:1:{PolicyName}"}

    def do_delete_scaling_policy(self, PolicyName: str, **_: Any) -> Any:
        del self.policies[PolicyName]
        return {}

    def do_describe_scheduled_actions(self, **_: Any) -> Any:
        return {"ScheduledActions": [{"ScheduledActionName": name} for name in self.schedules]}

    def do_put_scheduled_action(self, ScheduledActionName: str, **action: Any) -> Any:
        self.schedules[ScheduledActionName] = action
        return {}

    def do_delete_scheduled_action(self, ScheduledActionName: str, **_: Any) -> Any:
        del self.schedules[ScheduledActionName]
        return {}


class Measured(FakeCloudWatch):
    """CloudWatch that has seen so many requests of each config, and their median in microseconds."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, tuple[int, float]] = {}

    def do_get_metric_statistics(  # type: ignore[override]
        self, Dimensions: Any, **asked: Any
    ) -> Any:
        config = {one["Name"]: one["Value"] for one in Dimensions}["EndpointConfigName"]
        if config not in self.seen:
            return {"Datapoints": []}
        samples, middle = self.seen[config]
        at = datetime(2026, 1, 1, tzinfo=UTC)
        extended = {"ExtendedStatistics": {"p50": middle}} if "ExtendedStatistics" in asked else {}
        return {"Datapoints": [{"Timestamp": at, "SampleCount": samples, **extended}]}


class World:
    def __init__(self) -> None:
        self.scaling, self.cloudwatch, self.sagemaker = FakeScaling(), Measured(), FakeSageMaker()

    def call(self, event: dict[str, Any] | None = None) -> dict[str, Any]:
        return scale_fleet.handler(event or {"source": "aws.sagemaker"}, Context())

    @property
    def target(self) -> float:
        (found,) = [p for p in self.scaling.policies.values() if p["PolicyType"] == "TargetTrackingScaling"]
        value: float = found["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
        return value


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    fakes = {
        "application-autoscaling": made.scaling,
        "cloudwatch": made.cloudwatch,
        "sagemaker": made.sagemaker,
    }
    monkeypatch.setattr(clients, "MADE", fakes)
    configure(monkeypatch, SCALING)
    made.sagemaker.in_service(OLD)
    made.cloudwatch.seen[OLD] = (500, 10_000.0)
    return made


def configure(monkeypatch: pytest.MonkeyPatch, scaling: FleetScaling) -> None:
    set_environment(
        monkeypatch,
        ScaleFleetSettings(
            endpoint_name=ENDPOINT,
            scaling_policy=json.dumps(scaling.as_document()),
            scaling_alarm_prefix="housing-dev-scaling-",
        ),
    )


def test_a_measured_model_gives_the_target_of_its_own_time(world: World):
    assert world.call()["state"] == "registered"
    assert world.scaling.bounds == (2, 6)
    assert world.target == pytest.approx(plan.target(SCALING, 10.0), abs=0.001)
    assert 0 < world.target <= 0.75 * 6000, "10 ms a request are at most 6,000 a minute"
    slower = plan.target(SCALING, 20.0)
    assert slower < plan.target(SCALING, 10.0)


def test_the_latency_itself_makes_the_fleet_larger_too(world: World):
    world.call()
    alarm = world.cloudwatch.requests("PutMetricAlarm")[-1]
    assert alarm["AlarmName"] == "housing-dev-scaling-late"
    assert alarm["Threshold"] == 100_000.0
    assert alarm["AlarmActions"][0].endswith("-late")
    (steps,) = [p for p in world.scaling.policies.values() if p["PolicyType"] == "StepScaling"]
    assert steps["StepScalingPolicyConfiguration"]["MinAdjustmentMagnitude"] == 1


def test_called_again_it_changes_nothing(world: World):
    world.call()
    puts = len(world.scaling.requests("PutScalingPolicy"))
    assert world.call()["state"] == "as it should be"
    assert len(world.scaling.requests("PutScalingPolicy")) == puts


def test_a_model_that_nobody_asked_yet_grows_by_its_latency_alone_until_it_is_measured(world: World):
    world.cloudwatch.seen.clear()
    world.call()
    assert [p["PolicyType"] for p in world.scaling.policies.values()] == ["StepScaling"]
    assert world.call()["state"] == "waits for requests to be measured by"
    world.cloudwatch.seen[OLD] = (99, 10_000.0)
    assert world.call()["state"] == "waits for requests to be measured by"
    world.cloudwatch.seen[OLD] = (100, 10_000.0)
    assert world.call()["state"] == "registered"
    assert len(world.scaling.policies) == 2


def test_a_new_champion_keeps_the_old_target_until_it_is_measured_and_the_bounds_of_the_day(world: World):
    world.call()
    before = world.target
    world.scaling.bounds = (4, 6)  # a schedule's
    world.sagemaker.in_service(NEW)
    world.call()
    assert world.target == before
    world.cloudwatch.seen[NEW] = (200, 5_000.0)
    world.call()
    assert world.target > before
    assert all(name.startswith(NEW) for name in world.scaling.policies)
    assert world.scaling.bounds == (4, 6)


def test_other_settings_are_applied_at_once(world: World, monkeypatch: pytest.MonkeyPatch):
    morning = ScheduledBounds(name="morning", schedule="cron(0 7 * * ? *)", min_instances=4, max_instances=8)
    configure(monkeypatch, FleetScaling(stages=("dev",), max_instances=8, schedules=(morning,)))
    world.call()
    assert world.scaling.schedules["morning"]["Timezone"] == "UTC"
    configure(monkeypatch, FleetScaling(stages=("dev",), max_instances=9))
    world.call()
    assert world.scaling.bounds == (2, 9)
    assert world.scaling.schedules == {}
    assert len(world.scaling.policies) == 2


def test_a_target_that_somebody_took_away_comes_back(world: World):
    world.call()
    world.scaling.do_deregister_scalable_target()
    world.call()
    assert world.scaling.bounds == (2, 6)
    assert len(world.scaling.policies) == 2


def test_while_a_deployment_runs_nothing_is_touched(world: World):
    world.sagemaker.updating(OLD, NEW)
    assert world.call()["state"] == "the endpoint is Updating"
    assert world.scaling.bounds is None


def test_a_model_slower_than_the_limit_has_no_target(world: World):
    world.cloudwatch.seen[OLD] = (500, 150_000.0)
    world.call()
    assert [p["PolicyType"] for p in world.scaling.policies.values()] == ["StepScaling"]
    assert world.call()["state"] == "waits for requests to be measured by"


def test_cloudformation_hears_of_it_and_takes_it_back(world: World, monkeypatch: pytest.MonkeyPatch):
    told: list[tuple[str, str]] = []

    def hear(event: Any, status: str, reason: str, *, physical_id: str) -> None:
        told.append((status, reason))

    monkeypatch.setattr(scale_fleet, "reply", hear)
    assert callable(reply)
    world.call({"RequestType": "Create"})
    assert world.scaling.bounds
    world.call({"RequestType": "Delete"})
    assert world.scaling.bounds is None
    assert world.cloudwatch.requests("DeleteAlarms")
    world.call({"RequestType": "Delete"})
    assert [status for status, _ in told] == ["SUCCESS"] * 3
    world.scaling.bounds = (1, 1)
    monkeypatch.setattr(FakeScaling, "do_deregister_scalable_target", broken)
    world.call({"RequestType": "Delete"})
    assert told[-1][0] == "FAILED"
    assert "busy" in told[-1][1]


def broken(_: FakeScaling, **__: Any) -> Any:
    raise refused("ConcurrentUpdateException", "busy", "Deregister")
