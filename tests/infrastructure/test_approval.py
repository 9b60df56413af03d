"""A stage that asks a person: what it adds, and that one function alone holds tokens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contracts.pipeline_config import PipelineConfig
from infra_cdk.stages import STAGES
from tests.infrastructure.calls import Code
from tests.infrastructure.conftest import Synthesise
from tests.infrastructure.machine import Machine
from tests.infrastructure.template import Synthesised, listed, resources_of, text
from tests.infrastructure.test_access import ALWAYS, with_company


@pytest.fixture(scope="module")
def asking_config(config: PipelineConfig) -> PipelineConfig:
    dev = replace(config.deployments["dev"], approval="required", approval_timeout_hours=24)
    return replace(config, deployments={**config.deployments, "dev": dev})


@pytest.fixture(scope="module")
def asking(asking_config: PipelineConfig, synthesise: Synthesise) -> Synthesised:
    return synthesise(asking_config, STAGES["dev"])


def test_it_adds_a_table_a_function_and_a_rule_and_changes_no_other_resource(
    asking: Synthesised, dev: Synthesised
) -> None:
    more = {name: asking.resources[name]["Type"] for name in set(asking.resources) - set(dev.resources)}
    assert sorted(more.values()) == [
        "AWS::DynamoDB::Table",
        "AWS::Events::Rule",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::Lambda::Function",
        "AWS::Lambda::Permission",
        "AWS::Logs::LogGroup",
    ]
    assert not set(dev.resources) - set(asking.resources)
    changed = {
        dev.resources[name]["Type"]
        for name in dev.resources
        if dev.resources[name].get("Properties") != asking.resources[name].get("Properties")
    }
    assert changed == {"AWS::StepFunctions::StateMachine", "AWS::IAM::Policy"}


def test_the_function_may_do_what_it_calls_and_no_more(asking: Synthesised, code: Code) -> None:
    role = asking.role_of(asking.function("RequestApproval"))
    called = code.actions("lambdas.request_approval.handler.handler")
    # Without two people nothing is put back.
    called -= {"sagemaker:UpdateModelPackage"}
    assert called == {
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "sagemaker:DescribeModelPackage",
        "states:SendTaskSuccess",
    }
    granted = asking.actions(role)
    assert not called - granted
    assert not granted - with_company(called) - ALWAYS


def test_nobody_else_answers_a_task_or_reads_who_waits(asking: Synthesised) -> None:
    role = asking.role_of(asking.function("RequestApproval"))
    (table,) = (
        name
        for name, resource in asking.of_type("AWS::DynamoDB::Table").items()
        if resource["Properties"]["TableName"] == asking.names.approval_table
    )
    for other in set(asking.of_type("AWS::IAM::Role")) - {role}:
        assert not [action for action in asking.actions(other) if action.startswith("states:SendTask")]
        assert not asking.allows(other, "dynamodb:GetItem", f"<{table}.Arn>")


def test_a_bare_star_is_for_the_tokens_that_name_no_resource(asking: Synthesised, dev: Synthesised) -> None:
    def starred(template: Synthesised) -> set[str]:
        return {
            action
            for policy in template.properties("AWS::IAM::Policy")
            for statement in policy["PolicyDocument"]["Statement"]
            if "*" in resources_of(statement)
            for action in listed(statement["Action"])
        }

    assert starred(asking) - starred(dev) == {"states:SendTaskSuccess"}


def test_the_state_machine_may_invoke_it_and_waits_for_its_token(asking: Synthesised) -> None:
    machine = Machine(asking.pipeline["DefinitionString"])
    role, arns = asking.role_of(asking.pipeline), asking.pipeline["DefinitionSubstitutions"]
    assert machine.states["RequestApproval"]["TimeoutSeconds"] == 24 * 3600
    assert asking.allows(role, "lambda:InvokeFunction", text(arns["RequestApprovalArn"]))
    assert machine.actions() <= asking.actions(role)


def test_the_rule_hears_of_this_groups_packages_and_of_decisions_alone(asking: Synthesised) -> None:
    (rule,) = (
        rule
        for rule in asking.properties("AWS::Events::Rule")
        if rule["Name"] == f"{asking.names.prefix}-approvals"
    )
    assert rule["EventPattern"]["detail"] == {
        "ModelPackageGroupName": [asking.names.model_package_group],
        "ModelApprovalStatus": ["Approved", "Rejected"],
    }


def test_the_pipelines_own_hands_are_the_roles_that_change_packages(asking: Synthesised) -> None:
    environment = asking.function("RequestApproval")["Environment"]["Variables"]
    own = {part.strip("<>") for part in text(environment["OWN_ROLES"]).split(",")}
    changers = {
        role
        for role in asking.of_type("AWS::IAM::Role")
        if "sagemaker:UpdateModelPackage" in asking.actions(role)
    }
    assert own == changers


def test_the_shipped_stages_ask_nobody(template: Synthesised) -> None:
    assert "RequestApproval" not in Machine(template.pipeline["DefinitionString"]).states


@pytest.fixture(scope="module")
def four_eyes(asking_config: PipelineConfig, synthesise: Synthesise) -> Synthesised:
    """Watched too, so that retrainings are uploaded."""
    dev = replace(asking_config.deployments["dev"], four_eyes=True)
    config = replace(
        asking_config,
        deployments={**asking_config.deployments, "dev": dev},
        monitoring=replace(asking_config.monitoring, stages=("dev",)),
    )
    return synthesise(config, STAGES["dev"])


def test_a_trail_is_made_for_two_people_alone_and_records_writes_of_uploads_alone(
    four_eyes: Synthesised, asking: Synthesised, template: Synthesised
) -> None:
    assert not asking.of_type("AWS::CloudTrail::Trail")
    assert not template.of_type("AWS::CloudTrail::Trail")
    _, trail = four_eyes.the("AWS::CloudTrail::Trail")
    (selector,) = trail["AdvancedEventSelectors"]
    fields = {field["Field"]: field for field in selector["FieldSelectors"]}
    assert fields["eventCategory"]["Equals"] == ["Data"]
    assert fields["readOnly"]["Equals"] == ["false"]
    assert text(fields["resources.ARN"]["StartsWith"][0]).endswith("/incoming/")


def test_the_trail_may_write_its_logs_and_nobody_elses_trail_may(four_eyes: Synthesised) -> None:
    policies = [p["PolicyDocument"] for p in four_eyes.properties("AWS::S3::BucketPolicy")]
    policies.append(four_eyes.the("AWS::KMS::Key")[1]["KeyPolicy"])
    mine = [
        statement
        for policy in policies
        for statement in policy["Statement"]
        if "cloudtrail" in str(statement.get("Principal"))
    ]
    assert {action for statement in mine for action in listed(statement["Action"])} == {
        "s3:GetBucketAcl",
        "s3:PutObject",
        "kms:GenerateDataKey*",
        "kms:DescribeKey",
    }
    for statement in mine:
        source = text(statement["Condition"]["StringEquals"]["aws:SourceArn"])
        assert source.endswith(f":trail/{four_eyes.names.prefix}-uploads")


def test_with_two_people_the_function_may_put_an_approval_back(four_eyes: Synthesised, code: Code) -> None:
    function = four_eyes.function("RequestApproval")
    role = four_eyes.role_of(function)
    assert "sagemaker:UpdateModelPackage" in four_eyes.actions(role)
    environment = function["Environment"]["Variables"]
    own = {part.strip("<>") for part in text(environment["OWN_ROLES"]).split(",")}
    assert own == {
        name
        for name in four_eyes.of_type("AWS::IAM::Role")
        if "sagemaker:UpdateModelPackage" in four_eyes.actions(name)
    }
    uploaders = {part.strip("<>") for part in text(environment["OWN_UPLOADERS"]).split(",")}
    assert uploaders == {four_eyes.role_of(four_eyes.function("StartRetraining"))}
    assert environment["FOUR_EYES"] == "true"


def test_the_trail_is_gone_before_its_bucket_is_emptied(four_eyes: Synthesised) -> None:
    name, _ = four_eyes.the("AWS::CloudTrail::Trail")
    teardown, _ = four_eyes.the("Custom::Teardown")
    assert teardown in four_eyes.needs(name)
