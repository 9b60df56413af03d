"""What SageMaker does in the roles' names, as AWS's own published policies have it."""

from __future__ import annotations

import pytest

from tests.infrastructure.machine import Machine
from tests.infrastructure.template import Synthesised, listed, resources_of


@pytest.fixture(scope="module")
def machine(dev: Synthesised) -> Machine:
    return Machine(dev.pipeline["DefinitionString"])


def role(template: Synthesised, description: str) -> str:
    """The logical id of the role whose description begins so."""
    (found,) = [
        name
        for name, resource in template.of_type("AWS::IAM::Role").items()
        if str(resource["Properties"].get("Description", "")).startswith(description)
    ]
    return found


def places(template: Synthesised, name: str, action: str) -> list[str]:
    """The resources on which a role may take an action."""
    return [
        resource
        for statement in template.statements(name)
        if action in listed(statement["Action"])
        for resource in resources_of(statement)
    ]


@pytest.mark.parametrize("action", ["s3:GetBucketLocation", "s3:ListBucket"])
def test_the_mlflow_apps_role_lists_and_locates_its_store_whatever_prefix_it_asks_for(template, action):
    """SageMaker Developer Guide, "Set up IAM permissions for MLflow apps"."""
    unconditional = [
        statement
        for statement in template.statements(role(template, "The MLflow app of"))
        if action in listed(statement["Action"]) and "Condition" not in statement
    ]
    assert unconditional


def test_the_endpoints_role_cannot_make_the_log_group_again_that_the_stack_owns(template):
    serving = role(template, "The endpoint ")
    assert places(template, serving, "logs:PutLogEvents")
    assert places(template, serving, "logs:CreateLogGroup") == []


def test_a_jobs_log_group_that_nobody_owns_may_be_made_in_either_spelling_of_its_arn(template):
    """CloudWatch Logs checks CreateLogGroup against `log-group:NAME:log-stream:`, as published refusals
    show, and documents `log-group:NAME`."""
    made = places(template, role(template, "Training jobs of"), "logs:CreateLogGroup")
    assert sorted(resource.rpartition("log-group:")[2] for resource in made) == [
        "/aws/sagemaker/TrainingJobs",
        "/aws/sagemaker/TrainingJobs:log-stream:",
    ]


def test_a_training_job_is_asked_for_with_fields_that_the_integration_lists_alone(machine):
    """Step Functions Developer Guide, "Create and manage Amazon SageMaker AI jobs": RetryStrategy and
    EnableInterContainerTrafficEncryption are not among the fields of CreateTrainingJob there."""
    listed_there = {"AlgorithmSpecification", "EnableNetworkIsolation", "HyperParameters", "InputDataConfig"}
    listed_there |= {"OutputDataConfig", "ResourceConfig", "RoleArn", "StoppingCondition", "Tags"}
    listed_there |= {"TrainingJobName", "VpcConfig", "Environment"}
    asked = [
        state["Arguments"]
        for state in machine.states.values()
        if "sagemaker:createTrainingJob" in str(state.get("Resource"))
    ]
    assert asked
    for arguments in asked:
        assert set(arguments) <= listed_there


def test_what_a_run_makes_is_tagged_with_pipeline_stage_and_execution(machine):
    for state in machine.states.values():
        if "sagemaker:createTrainingJob" in str(state.get("Resource")):
            keys = {tag["Key"] for tag in state["Arguments"]["Tags"]}
            assert keys >= {"greenlight:pipeline", "greenlight:stage", "greenlight:execution"}
