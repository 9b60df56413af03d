"""Application Auto Scaling: what it registers, refuses, and does to a fleet when alarms and schedules ask."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.host.clock import FakeClock
from localcloud.services.autoscaling import arithmetic
from localcloud.services.autoscaling.activities import Activities
from localcloud.services.autoscaling.errors import (
    ObjectNotFoundError,
    UnsupportedOperationError,
    ValidationError,
)
from localcloud.services.autoscaling.policies import Policies
from localcloud.services.autoscaling.scaler import Scaler
from localcloud.services.autoscaling.schedules import Schedules
from localcloud.services.autoscaling.service import AutoScaling
from localcloud.services.autoscaling.targets import Targets, Variant
from localcloud.services.sagemaker.access.caller import Trusted
from localcloud.services.sagemaker.errors import AccessDeniedError
from localcloud.services.sagemaker.errors import ValidationError as InProgressError
from localcloud.services.sagemaker.store import Store

PLACE = ("111122223333", "us-east-1")
NAME = "endpoint/housing-dev/variant/AllTraffic"
ID = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": NAME,
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TRACKING: dict[str, Any] = {
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    "TargetValue": 100.0,
}
TYPES = {"housing-dev": "ml.m5.large", "small": "ml.t2.medium"}


class World:
    """A cloud with one variant, whose alarms a test sets."""

    def __init__(self, count: int = 2) -> None:
        self.clock = FakeClock()
        self.count, self.settled = count, True
        self.ringing: dict[str, list[float]] = {}
        self.kept: dict[str, dict[str, Any]] = {}
        store = Store()
        targets = Targets(store.table("target"), *PLACE, self.clock)
        policies = Policies(store.table("policy"), *PLACE, self.clock)
        schedules = Schedules(store.table("schedule"), *PLACE, self.clock)
        activities = Activities(store.table("activity"), self.clock)
        self.service = AutoScaling(
            *PLACE, targets, policies, schedules, activities, self, lambda v: TYPES.get(v.endpoint)
        )
        self.scaler = Scaler(targets, policies, schedules, activities, self, self, self.clock)

    # The fleet
    def wanted(self, variant: Variant) -> int | None:
        return self.count

    def is_settled(self, variant: Variant) -> bool:
        return self.settled

    def set(self, variant: Variant, count: int) -> None:
        if not self.settled:
            raise InProgressError("Cannot update in-progress endpoint")
        self.count = count

    # The alarms
    def put(self, request: dict[str, Any]) -> None:
        self.kept[request["AlarmName"]] = request

    def delete(self, names: list[str]) -> None:
        for name in names:
            del self.kept[name]

    def is_in_alarm(self, name: str) -> bool:
        return name in self.ringing

    def threshold(self, name: str) -> float:
        return 50.0

    def values(self, name: str) -> list[float]:
        return self.ringing[name]

    def acting_for(self, policy_arn: str) -> list[str]:
        return [name for name, alarm in self.kept.items() if policy_arn in alarm["AlarmActions"]]

    # What a test does
    def do(self, operation: str, caller: Any = None, **request: Any) -> dict[str, Any]:
        asked = {**ID, **request}
        if operation == "DescribeScalableTargets":
            asked["ResourceIds"] = [asked.pop("ResourceId")]
        return self.service.call(operation, asked, caller or Trusted())

    def register(self, low: int = 1, high: int = 10, **more: Any) -> None:
        self.do("RegisterScalableTarget", MinCapacity=low, MaxCapacity=high, **more)

    def track(self, name: str = "invocations", **config: Any) -> list[str]:
        answer = self.do(
            "PutScalingPolicy",
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={**TRACKING, **config},
        )
        return [alarm["AlarmName"] for alarm in answer["Alarms"]]

    def ring(self, policy: str, alarm: str, *values: float) -> None:
        arn = self.do("DescribeScalingPolicies", PolicyNames=[policy])["ScalingPolicies"][0]["PolicyARN"]
        self.ringing[alarm] = list(values)
        self.scaler.alarmed(arn, alarm)
        self.scaler.sweep()

    def activities(self) -> list[dict[str, Any]]:
        return list(self.do("DescribeScalingActivities")["ScalingActivities"])


@pytest.fixture
def world() -> World:
    return World()


def test_a_fleet_grows_in_proportion_to_what_each_instance_gets_and_no_further_than_its_bound(world: World):
    world.register(high=5)
    high, _ = world.track()
    world.ring("invocations", high, 120.0, 150.0, 190.0)
    assert world.count == 4  # 2 instances at 1.9 times the target
    world.clock.advance(400)
    world.ringing[high] = [1000.0]
    world.scaler.sweep()
    assert world.count == 5
    newest = world.activities()[0]
    assert newest["StatusCode"] == "InProgress"
    assert "monitor alarm TargetTracking-endpoint/housing-dev" in newest["Cause"]


def test_its_alarms_are_those_that_accounts_show(world: World):
    world.register()
    high, low = world.track()
    assert world.kept[high]["EvaluationPeriods"] == 3
    assert world.kept[high]["Threshold"] == 100.0
    assert world.kept[low]["EvaluationPeriods"] == 15
    assert world.kept[low]["Threshold"] == 90.0
    assert world.kept[low]["MetricName"] == "InvocationsPerInstance"
    assert world.kept[low]["Statistic"] == "Sum"
    assert world.track(DisableScaleIn=True) == [high], "the low one is dropped"
    assert list(world.kept) == [high]


def test_a_change_is_done_when_the_endpoint_is(world: World):
    world.register()
    high, _ = world.track()
    world.ring("invocations", high, 150.0)
    world.settled = False
    world.ringing.clear()
    world.scaler.sweep()
    assert world.activities()[0]["StatusCode"] == "InProgress"
    world.settled = True
    world.scaler.sweep()
    assert world.activities()[0]["StatusCode"] == "Successful"


def test_during_a_deployment_nothing_is_scaled_and_the_activity_says_why(world: World):
    world.register()
    high, _ = world.track()
    world.settled = False
    world.ring("invocations", high, 150.0)
    assert world.count == 2
    assert world.activities()[0]["StatusCode"] == "Failed"
    assert "in-progress" in world.activities()[0]["StatusMessage"]
    world.settled = True
    world.clock.advance(60)
    world.scaler.sweep()
    assert world.count == 3, "an alarm that stays asks again each minute"


def test_a_fleet_shrinks_by_the_busiest_of_the_minutes_looked_at_and_waits_between_two_steps(world: World):
    world.count = 10
    world.register()
    _, low = world.track()
    world.ring("invocations", low, 60.0, 20.0, 10.0)
    assert world.count == 6
    world.clock.advance(120)
    world.scaler.sweep()
    assert world.count == 6, "the cooldown of 300 s holds"
    world.clock.advance(200)
    world.scaler.sweep()
    assert world.count == 4


def test_a_fleet_shrinks_only_where_every_policy_that_tracks_agrees(world: World):
    world.count = 8
    world.register()
    _, low = world.track()
    _, other = world.track("other")
    world.ring("invocations", low, 40.0)
    assert world.count == 8
    world.ring("other", other, 50.0)
    assert world.count == 4


def test_within_a_cooldown_more_is_added_only_by_a_larger_breach_and_counted_from_before(world: World):
    world.register(high=20)
    high, _ = world.track(ScaleOutCooldown=300)
    world.ring("invocations", high, 150.0)
    assert world.count == 3
    world.clock.advance(60)
    world.scaler.sweep()
    assert world.count == 3, "what was just added counts"
    world.ringing[high] = [300.0]
    world.clock.advance(60)
    world.scaler.sweep()
    assert world.count == 6


def test_steps_add_a_share_of_the_fleet_by_how_far_the_threshold_is_passed(world: World):
    world.count = 10
    world.register(high=40)
    steps = [
        {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 50.0, "ScalingAdjustment": 10},
        {"MetricIntervalLowerBound": 50.0, "ScalingAdjustment": 50},
    ]
    config = {"AdjustmentType": "PercentChangeInCapacity", "StepAdjustments": steps, "Cooldown": 0}
    world.do(
        "PutScalingPolicy", PolicyName="late", PolicyType="StepScaling", StepScalingPolicyConfiguration=config
    )
    world.ring("late", "mine", 60.0)  # 10 above the threshold
    assert world.count == 11
    world.ring("late", "mine", 120.0)
    assert world.count == 16


def test_a_scheduled_action_moves_the_bounds_and_the_fleet_with_them(world: World):
    world.register(1, 4)
    world.do(
        "PutScheduledAction",
        ScheduledActionName="morning",
        Schedule="rate(1 hour)",
        ScalableTargetAction={"MinCapacity": 3},
    )
    world.clock.advance(3599)
    world.scaler.sweep()
    assert world.count == 2
    assert world.scaler.next_due() == pytest.approx(world.clock.now() + 1, abs=1.1)
    world.clock.advance(2)
    world.scaler.sweep()
    assert world.count == 3
    assert world.do("DescribeScalableTargets")["ScalableTargets"][0]["MinCapacity"] == 3


def test_what_is_suspended_does_not_scale(world: World):
    world.register(SuspendedState={"DynamicScalingOutSuspended": True})
    high, _ = world.track()
    world.ring("invocations", high, 500.0)
    assert world.count == 2


def test_a_target_that_goes_takes_its_policies_alarms_and_actions_along(world: World):
    world.register()
    world.track()
    world.do(
        "PutScheduledAction",
        ScheduledActionName="noon",
        Schedule="cron(0 12 * * ? *)",
        Timezone="Europe/Zurich",
        ScalableTargetAction={"MaxCapacity": 4},
    )
    world.do("DeregisterScalableTarget")
    assert not world.kept
    assert world.do("DescribeScalingPolicies")["ScalingPolicies"] == []
    assert world.do("DescribeScheduledActions")["ScheduledActions"] == []
    with pytest.raises(ObjectNotFoundError, match="No scalable target found"):
        world.do("DeregisterScalableTarget")


@pytest.mark.parametrize(
    ("operation", "request_", "error", "message"),
    [
        ("RegisterScalableTarget", {"MinCapacity": 1}, ValidationError, "max capacity"),
        ("RegisterScalableTarget", {"MinCapacity": 3, "MaxCapacity": 2}, ValidationError, "2 < 3"),
        ("RegisterScalableTarget", {"MinCapacity": 0, "MaxCapacity": 2}, ValidationError, "at least 1"),
        (
            "RegisterScalableTarget",
            {"MinCapacity": 1, "MaxCapacity": 2, "ResourceId": "endpoint/other/variant/AllTraffic"},
            ValidationError,
            "does not exist",
        ),
        (
            "RegisterScalableTarget",
            {"MinCapacity": 1, "MaxCapacity": 2, "ResourceId": "endpoint/small/variant/AllTraffic"},
            ValidationError,
            "burstable",
        ),
        (
            "RegisterScalableTarget",
            {"MinCapacity": 1, "MaxCapacity": 2, "ServiceNamespace": "ecs"},
            UnsupportedOperationError,
            "ecs",
        ),
        ("PutScalingPolicy", {"PolicyName": "a"}, ObjectNotFoundError, "No scalable target registered"),
        ("DeleteScalingPolicy", {"PolicyName": "a"}, ObjectNotFoundError, "policy name: a"),
        ("GetPredictiveScalingForecast", {}, UnsupportedOperationError, "GetPredictive"),
    ],
    ids=[
        "one bound",
        "bounds crossed",
        "zero",
        "no endpoint",
        "burstable",
        "ecs",
        "no target",
        "no policy",
        "forecast",
    ],
)
def test_what_is_refused_names_why(world: World, operation: str, request_: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        world.do(operation, **request_)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            [{"ScalingAdjustment": 1, "MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 5.0}],
            "null",
        ),
        (
            [
                {"ScalingAdjustment": 1, "MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 5.0},
                {"ScalingAdjustment": 1, "MetricIntervalLowerBound": 6.0},
            ],
            "gaps",
        ),
        ([], "1 to 20"),
    ],
    ids=["open above", "a gap", "none"],
)
def test_steps_that_leave_a_metric_without_an_answer_are_refused(world: World, steps: Any, message: str):
    world.register()
    config = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps}
    with pytest.raises(ValidationError, match=message):
        world.do("PutScalingPolicy", PolicyName="a", StepScalingPolicyConfiguration=config)


class Denied(Trusted):
    def __init__(self, action: str) -> None:
        self._action = action

    def authorize(self, action: str, resource: str, context: Any = None) -> None:
        if action == self._action:
            raise AccessDeniedError(f"{action} on {resource}")


@pytest.mark.parametrize(
    "action",
    [
        "sagemaker:DescribeEndpoint",
        "sagemaker:UpdateEndpointWeightsAndCapacities",
        "iam:CreateServiceLinkedRole",
    ],
)
def test_who_registers_needs_what_the_guide_lists(world: World, action: str):
    with pytest.raises(AccessDeniedError, match=action):
        world.do("RegisterScalableTarget", Denied(action), MinCapacity=1, MaxCapacity=2)
    assert world.do("DescribeScalableTargets")["ScalableTargets"] == []


def test_who_tracks_a_target_needs_the_alarms(world: World):
    world.register()
    config = {"PolicyName": "a", "PolicyType": "TargetTrackingScaling"}
    with pytest.raises(AccessDeniedError, match="alarm:TargetTracking-endpoint/housing-dev"):
        world.do(
            "PutScalingPolicy",
            Denied("cloudwatch:PutMetricAlarm"),
            TargetTrackingScalingPolicyConfiguration=TRACKING,
            **config,
        )
    assert not world.kept
    assert world.do("DescribeScalingPolicies")["ScalingPolicies"] == []


@pytest.mark.parametrize(
    ("capacity", "percent", "expected"), [(10, 25, 12), (2, 10, 3), (10, -25, 8), (2, -10, 1), (10, 0, 10)]
)
def test_percentages_are_rounded_as_the_guide_says(capacity: int, percent: float, expected: int):
    assert arithmetic.stepped("PercentChangeInCapacity", percent, capacity) == expected
