import pytest

from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.hosting.deployment.batches import Batches
from localcloud.services.sagemaker.hosting.deployment.policy import Policy, read_policy


def blue_green(routing, **more):
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, **more}}


def canary(value, kind="CAPACITY_PERCENT", wait=300):
    return {"Type": "CANARY", "CanarySize": {"Type": kind, "Value": value}, "WaitIntervalInSeconds": wait}


def linear(value):
    step = {"Type": "CAPACITY_PERCENT", "Value": value}
    return {"Type": "LINEAR", "LinearStepSize": step, "WaitIntervalInSeconds": 60}


def test_without_a_config_all_traffic_moves_at_once():
    assert read_policy(None, 1) == Policy(shares=(1.0,))


def test_a_canary_takes_its_share_and_then_all():
    config = blue_green(canary(25), TerminationWaitInSeconds=120)
    config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": "a"}]}
    assert read_policy(config, 2) == Policy((0.25, 1.0), 300, 120, None, ("a",))


def test_a_canary_may_be_given_in_instances():
    assert read_policy(blue_green(canary(1, "INSTANCE_COUNT")), 4).shares == (0.25, 1.0)


@pytest.mark.parametrize(
    ("step", "shares"), [(50, (0.5, 1.0)), (40, (0.4, 0.8, 1.0)), (25, (0.25, 0.5, 0.75, 1.0))]
)
def test_linear_takes_one_step_after_another(step, shares):
    assert read_policy(blue_green(linear(step)), 4).shares == pytest.approx(shares)


@pytest.mark.parametrize(
    ("config", "instances", "problem"),
    [
        (blue_green(canary(51)), 2, "CanarySize must be between 0% and 50%"),
        (blue_green(canary(2, "INSTANCE_COUNT")), 3, "CanarySize must be"),
        (blue_green(canary(10)), 1, "at least 2 instances"),
        (blue_green(linear(5)), 4, "LinearStepSize must be between 10% and 50%"),
        (blue_green({"Type": "CANARY", "WaitIntervalInSeconds": 0}), 2, "CanarySize is required"),
        (
            blue_green(canary(10), TerminationWaitInSeconds=300, MaximumExecutionTimeoutInSeconds=600),
            2,
            "must be larger than the sum of the waits",
        ),
    ],
)
def test_a_policy_outside_the_limits_is_refused(config, instances, problem):
    with pytest.raises(ValidationError, match=problem):
        read_policy(config, instances)


def rolling(value, kind="INSTANCE_COUNT", back=None, **more):
    size = {"Type": kind, "Value": value}
    update = {"MaximumBatchSize": size, "WaitIntervalInSeconds": 300, **more}
    if back is not None:
        update["RollbackMaximumBatchSize"] = {"Type": "CAPACITY_PERCENT", "Value": back}
    return {"RollingUpdatePolicy": update}


@pytest.mark.parametrize(
    ("config", "instances", "batches"),
    [
        (rolling(1), 4, Batches(1, 4, 4)),
        (rolling(50, "CAPACITY_PERCENT"), 5, Batches(2, 5, 5)),
        (rolling(5, "CAPACITY_PERCENT"), 4, Batches(1, 4, 4)),
        (rolling(2, back=50), 4, Batches(2, 2, 4)),
        (rolling(2, back=10), 4, Batches(2, 1, 4)),
    ],
)
def test_a_rolling_update_replaces_batches(config, instances, batches):
    config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": "a"}]}
    assert read_policy(config, instances) == Policy(bake_seconds=300, alarms=("a",), batches=batches)


@pytest.mark.parametrize(
    ("config", "variants", "problem"),
    [
        (rolling(3), (5,), "MaximumBatchSize must be between 5% and 50% of the variant's 5 instances"),
        (rolling(1), (1,), "it is 100%"),
        (rolling(1), (21,), "it is 5%"),
        (rolling(4, "CAPACITY_PERCENT"), (4,), "it is 4%"),
        (rolling(1, back=101), (4,), "RollbackMaximumBatchSize must be at most 100%"),
        (rolling(1), (2, 2), "one production variant; there are 2"),
        (rolling(1, MaximumExecutionTimeoutInSeconds=1200), (4,), "larger than the sum of the waits .1200."),
        (
            {**rolling(1), **blue_green({"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0})},
            (4,),
            "Only one update policy",
        ),
    ],
)
def test_a_rolling_update_outside_the_limits_is_refused(config, variants, problem):
    with pytest.raises(ValidationError, match=problem):
        read_policy(config, *variants)
