"""The sizes of a canary and of a linear step, in percent or in instances, within SageMaker's limits."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from contracts.deployment import DeploymentPolicy
from contracts.reading import PipelineConfigError, Table


def policy(**values):
    return DeploymentPolicy.read(Table({"max_execution_seconds": 28_800, **values}, "pipeline.toml"))


@pytest.mark.parametrize(
    "values",
    [
        {"strategy": "canary"},
        {"strategy": "canary", "instance_count": 4, "canary_instances": 1},
        {"strategy": "linear", "instance_count": 10, "linear_step_instances": 3},
        {"strategy": "all_at_once", "instance_count": 1},
        {"strategy": "rolling", "instance_count": 10, "batch_instances": 2, "rollback_batch_percent": 30},
    ],
)
def test_a_policy_is_read_back_from_its_own_fields(values):
    read = policy(**values)
    assert DeploymentPolicy.read(Table(asdict(read), "DEPLOYMENT_POLICY")) == read
    assert DeploymentPolicy.read(Table(read.document(), "DEPLOYMENT_POLICY")) == read


def test_what_a_strategy_has_no_use_for_stays_out_of_its_settings():
    assert not {"batch_percent", "rollback_batch_instances"} & set(policy(strategy="canary").document())
    assert policy(strategy="rolling").document()["rollback_batch_percent"] == 100


@pytest.mark.parametrize(
    ("values", "instances", "batch", "back"),
    [
        ({}, 2, 1, 2),
        ({}, 5, 2, 5),
        ({"batch_percent": 5, "rollback_batch_percent": 1}, 4, 1, 1),
        ({"batch_percent": 5}, 30, 2, 30),  # 1 of 30 were 3 %
        ({"batch_instances": 2, "rollback_batch_instances": 2}, 3, 1, 2),  # scaled down since
        ({"batch_instances": 1}, 50, 3, 50),  # and up
    ],
)
def test_a_batch_is_a_number_of_instances_that_sagemaker_takes_of_the_fleet(values, instances, batch, back):
    read = policy(strategy="rolling", instance_count=10, **values)
    assert (read.batch_of(instances), read.rollback_batch_of(instances)) == (batch, back)
    assert 0.05 <= batch / instances <= 0.5


@pytest.mark.parametrize(
    ("values", "shifts"),
    [
        ({"strategy": "all_at_once"}, 1),
        ({"strategy": "canary"}, 2),  # to the canary, then to all
        ({"strategy": "canary", "instance_count": 4, "canary_instances": 1}, 2),
        ({"strategy": "linear", "linear_step_percent": 50}, 2),
        ({"strategy": "linear", "linear_step_percent": 30}, 4),
        ({"strategy": "linear", "instance_count": 10, "linear_step_instances": 3}, 4),
        ({"strategy": "rolling", "instance_count": 10, "batch_instances": 3}, 4),
        ({"strategy": "rolling", "instance_count": 4}, 2),
    ],
)
def test_each_shift_of_traffic_is_baked_and_must_fit_the_time_limit(values, shifts):
    assert policy(**values).shift_count == shifts
    termination = 0 if values["strategy"] == "rolling" else 120
    waits = 3000 * shifts + termination
    limits = {"baking_seconds": 3000, "termination_wait_seconds": termination}
    assert policy(**values, **limits, max_execution_seconds=waits + 1)
    with pytest.raises(PipelineConfigError, match=f"not above the sum of the waits, {waits} seconds"):
        policy(**values, **limits, max_execution_seconds=waits)


def test_a_canary_is_half_of_the_fleet_unless_told():
    read = policy(strategy="canary")
    assert (read.canary_percent, read.canary_instances) == (50, 0)


def test_instances_take_the_place_of_the_percentage():
    read = policy(strategy="canary", instance_count=4, canary_instances=1)
    assert (read.canary_percent, read.canary_instances) == (0, 1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"strategy": "canary", "instance_count": 4, "canary_instances": 3},
            "canary_instances: 3 of 4 instances are 75 %, outside 0 to 50",
        ),
        (
            {"strategy": "linear", "instance_count": 20, "linear_step_instances": 1},
            "linear_step_instances: 1 of 20 instances are 5 %, outside 10 to 50",
        ),
        (
            {"strategy": "canary", "instance_count": 4, "canary_instances": 1, "canary_percent": 25},
            "canary_instances: leave out canary_percent",
        ),
        (
            {"strategy": "rolling", "instance_count": 4, "batch_instances": 3},
            "batch_instances: 3 of 4 instances are 75 %, outside 5 to 50",
        ),
        (
            {"strategy": "rolling", "instance_count": 30, "batch_instances": 1},
            "batch_instances: 1 of 30 instances are 3 %, outside 5 to 50",
        ),
        ({"strategy": "rolling", "batch_percent": 4}, "batch_percent: 4 is outside 5 to 50"),
        ({"strategy": "rolling", "rollback_batch_percent": 101}, "rollback_batch_percent: 101 is outside"),
        ({"strategy": "rolling", "rollback_batch_instances": 3}, "3 are more than the fleet's 2"),
        ({"strategy": "rolling", "termination_wait_seconds": 30}, "a rolling deployment has none"),
        ({"strategy": "rolling", "instance_count": 1}, "needs at least 2 instances"),
        ({"strategy": "canary", "canary_percent": 0}, "canary_percent: 0 is outside 1 to 50"),
        ({"strategy": "linear", "linear_step_percent": 5}, "linear_step_percent: 5 is outside 10 to 50"),
        ({"strategy": "linear", "instance_count": 1}, "needs at least 2 instances"),
        (
            {"strategy": "canary", "alarm_period_seconds": 10},
            "alarm_period_seconds: must be a multiple of 60",
        ),
        ({"strategy": "canary", "baking_seconds": 179}, "baking_seconds: 179 is under 180"),
        (
            {"strategy": "canary", "baking_seconds": 700, "metric_delay_seconds": 700},
            "baking_seconds: 700 is under 760",
        ),
        (
            {"strategy": "linear", "instance_count": 10, "linear_step_instances": 1, "baking_seconds": 2900},
            "not above the sum of the waits, 29120 seconds",
        ),
    ],
)
def test_what_sagemaker_would_refuse_is_refused_when_the_app_is_synthesised(values, message):
    with pytest.raises(PipelineConfigError, match=message):
        policy(**values)


def test_whoever_wants_recorded_requests_sent_is_told_that_none_are():
    with pytest.raises(PipelineConfigError, match="recorded_requests: the pipeline sends no requests"):
        policy(strategy="canary", recorded_requests=True)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"shadow": {"minutes": 10}}, "shadow: no shadow gets a copy of the traffic .* take a small canary"),
        ({"shadow": {"minutes": 10}, "strategy": "rolling"}, "shadow: no shadow gets"),
        ({"scaling": {"max": 4}}, "scaling: a fleet's bounds are a table of their own: .scaling."),
        ({"kind": "serverless"}, r"kind: every stage serves from instances: .* by \[batch\]"),
        ({"kind": "async"}, "kind: every stage serves from instances"),
    ],
)
def test_what_is_not_built_is_refused_by_name_with_the_way_on(values, reason):
    with pytest.raises(PipelineConfigError, match=reason):
        policy(**{"strategy": "canary", **values})


def test_nobody_is_asked_unless_the_stage_says_so_and_then_for_three_days():
    assert not policy(strategy="canary").asks_a_person
    asking = policy(strategy="canary", approval="required")
    assert (asking.asks_a_person, asking.approval_timeout_hours) == (True, 72)
    assert (
        policy(strategy="canary", approval="required", approval_timeout_hours=5).approval_timeout_hours == 5
    )


@pytest.mark.parametrize("values", [{"approval": "yes"}, {"approval_timeout_hours": 0}, {"approval": True}])
def test_an_approval_that_makes_no_sense_is_refused(values):
    with pytest.raises(PipelineConfigError, match="approval"):
        policy(strategy="canary", **values)


def test_who_is_asked_changes_no_function_that_deploys():
    assert (
        policy(strategy="canary", approval="required", approval_timeout_hours=5).document()
        == policy(strategy="canary").document()
    )


def test_two_people_need_one_who_is_asked():
    assert policy(strategy="canary", approval="required", four_eyes=True).four_eyes
    with pytest.raises(PipelineConfigError, match=r'four_eyes: nobody is asked: .* approval = "required"'):
        policy(strategy="canary", four_eyes=True)
