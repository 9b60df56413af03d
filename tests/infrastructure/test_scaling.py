"""The stack with `[scaling]`: what it adds, who may do what, and what takes it back."""

from __future__ import annotations

from dataclasses import replace

import aws_cdk as cdk
import cdk_nag
import pytest

from contracts.scaling import FleetScaling
from infra_cdk.stages import STAGES
from tests.infrastructure.template import listed, text
from tests.infrastructure.test_access import ALWAYS, role_of, with_company

STATE = "ScaleFleet"


@pytest.fixture(scope="module")
def scaled(config, synthesise):
    return synthesise(replace(config, scaling=FleetScaling(stages=("dev",))), STAGES["dev"])


def test_a_stage_without_it_has_none_of_it(template):
    names = {p["FunctionName"] for p in template.properties("AWS::Lambda::Function")}
    assert template.names.function(STATE) not in names
    assert not template.of_type("Custom::Scaling")
    assert template.function("DeployModel")["Environment"]["Variables"]["SCALING_POLICY"] == ""


def test_the_function_may_do_what_its_handler_calls_and_nothing_else(scaled, code):
    called = code.actions("lambdas.scale_fleet.handler.handler")
    granted = scaled.actions(role_of(scaled, STATE))
    assert not called - granted
    assert not granted - with_company(called) - ALWAYS


def test_it_changes_the_targets_of_endpoints_variants_alone(scaled):
    changes = [
        s
        for policy in scaled.properties("AWS::IAM::Policy")
        for s in policy["PolicyDocument"]["Statement"]
        if any(action.startswith("application-autoscaling:") for action in listed(s["Action"]))
        and not any(":Describe" in action for action in listed(s["Action"]))
    ]
    assert changes
    for statement in changes:
        equals = statement["Condition"]["StringEquals"]
        assert equals["application-autoscaling:service-namespace"] == "sagemaker"


def test_an_endpoint_that_comes_into_service_and_each_ten_minutes_call_it(scaled):
    arn = text(scaled.the("Custom::Scaling")[1]["ServiceToken"])
    rules = [
        rule
        for rule in scaled.properties("AWS::Events::Rule")
        if any(text(target["Arn"]) == arn for target in rule["Targets"])
    ]
    patterns = [rule["EventPattern"]["detail"] for rule in rules if "EventPattern" in rule]
    assert patterns == [{"EndpointName": ["housing-dev"], "EndpointStatus": ["IN_SERVICE"]}]
    assert [rule["ScheduleExpression"] for rule in rules if "ScheduleExpression" in rule] == [
        "rate(10 minutes)"
    ]


def test_a_change_of_the_table_reaches_the_function(config, synthesise, scaled):
    other = replace(config, scaling=FleetScaling(stages=("dev",), max_instances=4))
    changed = synthesise(other, STAGES["dev"])
    policies = {found.the("Custom::Scaling")[1]["Policy"] for found in (scaled, changed)}
    assert len(policies) == 2


def test_nothing_registers_the_fleet_again_once_it_is_taken_out(scaled):
    """Rules go before the resource does, and its function and role after it."""
    name, _ = scaled.the("Custom::Scaling")
    rules = [
        rule
        for rule in scaled.of_type("AWS::Events::Rule").values()
        if "scaling" in rule["Properties"]["Name"]
    ]
    assert len(rules) == 2
    assert all(name in listed(rule["DependsOn"]) for rule in rules)
    assert scaled.resources[name]["DependsOn"]


def test_cdk_nag_finds_nothing_in_it(config, build):
    app = build(replace(config, scaling=FleetScaling(stages=("dev",))), STAGES["dev"]).node.root
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    app.synth()
