from __future__ import annotations

import ast
import builtins
import dataclasses
import json
import re

import botocore.exceptions
import botocore.session
import pytest

from contracts import settings
from contracts.deployment import MAX_EXECUTION_SECONDS
from contracts.names import folder_of
from lambdas.datasets.engine import MEMORY_SHARE, WIDE_TABLE_MB
from lambdas.datasets.upload.arrival import MAX_UPLOAD_BYTES, UPLOAD_SHARE
from tests.infrastructure.conftest import ROOT
from tests.infrastructure.machine import Machine
from tests.infrastructure.template import Synthesised, text

# Step Functions Developer Guide, "Handling errors in Step Functions workflows".
RESERVED = {
    "States.ALL",
    "States.DataLimitExceeded",
    "States.HeartbeatTimeout",
    "States.ItemReaderFailed",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.TaskFailed",
    "States.Timeout",
}
# What the Lambda integration and the Lambda service itself report (same guide, and Lambda Developer Guide).
LAMBDA = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
}
# A service's errors are named after the AWS SDK for Java, which adds these to what the service's model lists.
SDK = {
    "SdkClientException",
    "InternalFailureException",
    "InternalServerException",
    "ServiceUnavailableException",
}
SDK |= {"ThrottlingException", "ResourceLimitExceededException", "ResourceInUseException"}
SERVICES = {"Iam": "iam", "SageMaker": "sagemaker", "SNS": "sns", "StepFunctions": "stepfunctions"}


@pytest.fixture(scope="module")
def machine(dev: Synthesised) -> Machine:
    return Machine(dev.pipeline["DefinitionString"])


def lambda_states(machine: Machine) -> dict[str, str]:
    """Task states that invoke a function, with the substitution that names it."""
    return {
        name: task["Arguments"]["FunctionName"]
        for name, task in machine.tasks().items()
        if "lambda:invoke" in task["Resource"]
    }


def test_every_state_can_be_reached_and_every_next_exists(machine):
    assert machine.reached_from(*machine.starts) == set(machine.states)


def test_every_state_leads_to_an_end(machine):
    stuck = [
        name
        for name in machine.states
        if not any(machine.is_end(other) for other in machine.reached_from(name))
    ]
    assert not stuck


def test_every_lambda_state_has_its_folder_and_its_function(machine, template):
    for state, substitution in lambda_states(machine).items():
        assert substitution == f"${{{state}Arn}}"
        assert (ROOT / "lambdas" / folder_of(state) / "handler.py").is_file(), state
        assert template.function(state)


def test_every_function_runs_the_handler_of_its_own_state(template):
    for function in template.properties("AWS::Lambda::Function"):
        state = function["FunctionName"].removeprefix(f"{template.names.prefix}-")
        handler = f"lambdas.{folder_of(state)}.handler.handler"
        image = function["PackageType"] == "Image" if "PackageType" in function else False
        assert (function["ImageConfig"]["Command"] == [handler]) if image else function["Handler"] == handler


def test_a_functions_environment_is_what_its_settings_list(template):
    """And no more: POWERTOOLS_SERVICE_NAME would give each metric a dimension that no alarm asks for."""
    for function in template.properties("AWS::Lambda::Function"):
        state = function["FunctionName"].removeprefix(f"{template.names.prefix}-")
        fields = dataclasses.fields(getattr(settings, f"{state}Settings"))
        assert set(function["Environment"]["Variables"]) == {field.name.upper() for field in fields}


def test_the_definition_and_the_stack_agree_on_every_substitution(template):
    named = set(re.findall(r"\$\{(\w+)\}", template.pipeline["DefinitionString"]))
    assert named == set(template.pipeline["DefinitionSubstitutions"])


def test_an_execution_may_take_as_long_as_all_of_its_states_together_and_no_longer(template, config):
    """Longer than the longest training and two deployments that are looked after to their end."""
    definition = json.loads(template.pipeline["DefinitionString"])
    training = definition["States"]["TrainModel"]
    policy = config.deployments[template.stage.name]
    longest = config.training.max_runtime_seconds
    assert training["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"] == longest
    assert training["TimeoutSeconds"] > longest
    deployed = MAX_EXECUTION_SECONDS + policy.evidence_wait_seconds
    assert training["TimeoutSeconds"] + 2 * deployed < definition["TimeoutSeconds"] < 14 * 86_400


def test_every_substituted_function_is_the_states_own(template):
    properties = template.pipeline
    for name, value in properties["DefinitionSubstitutions"].items():
        function = text(value).strip("<>").split(".")[0] if name.endswith("Arn") else ""
        if template.resources.get(function, {}).get("Type") == "AWS::Lambda::Function":
            shown = template.resources[function]["Properties"]["FunctionName"]
            assert shown == template.names.function(name.removesuffix("Arn"))


def test_a_task_waits_no_longer_than_its_function_can_run(machine, template):
    """Longer than the function, so that its own time limit shows; but not much."""
    for state in lambda_states(machine):
        waits, runs = machine.states[state]["TimeoutSeconds"], template.function(state)["Timeout"]
        assert runs < waits <= runs + 60, state


def test_every_task_has_a_time_limit_retries_and_someone_who_cleans_up(machine):
    for name, task in machine.tasks().items():
        assert {"TimeoutSeconds", "Retry", "Catch"} <= set(task), name


def test_every_error_that_is_caught_or_retried_exists(machine):
    raised = {
        node.name
        for folder in ("contracts", "lambdas")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error")
    }
    known = raised | RESERVED | LAMBDA | set(dir(botocore.exceptions)) | set(dir(builtins)) | service_errors()
    assert machine.errors() <= known


def service_errors() -> set[str]:
    session = botocore.session.get_session()
    found = {f"{prefix}.{name}" for prefix in SERVICES for name in SDK}
    for prefix, service in SERVICES.items():
        model = session.get_service_model(service)
        for shape in model.error_shapes:
            code = shape.metadata.get("error", {}).get("code", shape.name)
            names = {shape.name, code, f"{code}Exception", f"{shape.name}Exception"}
            found |= {f"{prefix}.{name.replace('ExceptionException', 'Exception')}" for name in names}
        found |= {f"{prefix}.{prefix}Exception", f"{prefix}.Amazon{prefix}Exception"}
    return found


def test_what_happened_can_be_read_and_traced(template):
    properties = template.pipeline
    logging = properties["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ALL", True)
    assert properties["TracingConfiguration"] == {"Enabled": True}
    assert properties["StateMachineType"] == "STANDARD"  # exactly once, and long enough to bake


def test_the_outputs_have_the_names_that_others_rely_on(template):
    assert set(template.document["Outputs"]) == {
        "RawBucketName",
        "ArtifactBucketName",
        "StateMachineArn",
        "EndpointName",
        "ModelPackageGroupName",
        "AlarmTopicArn",
        "MlflowTrackingUri",
        "UploadQueueUrl",
        "DeadLetterQueueUrl",
    }


@pytest.mark.parametrize("state", ["IngestData", "IngestPart"])
def test_an_upload_of_five_gigabytes_fits_its_function(dev, state):
    """With a twentieth of the disk gone to its file system."""
    scratch = dev.function(state)["EphemeralStorage"]["Size"] * 2**20
    assert MAX_UPLOAD_BYTES == 5 * 10**9
    assert UPLOAD_SHARE * 0.95 * scratch >= MAX_UPLOAD_BYTES


@pytest.mark.parametrize("state", ["IngestData", "IngestPart", "MergeParts", "EvaluateModel"])
def test_a_table_of_a_thousand_columns_fits_its_functions_memory(template, state):
    assert MEMORY_SHARE * template.function(state)["MemorySize"] >= WIDE_TABLE_MB


@pytest.mark.parametrize(
    ("state", "patience_seconds"),
    [
        # SageMaker turns a deployment back, or deletes an endpoint that could not be created, in minutes; a
        # fleet that is still starting is not stopped before it runs or gives up.
        ("RejectChallenger", 900),
        # The alarm that turns a deployment back is set off again each time.
        ("ReturnHome", 300),
    ],
)
def test_a_busy_endpoint_is_waited_for_as_long_as_it_may_be_busy(machine, state, patience_seconds):
    (retry,) = (r for r in machine.states[state]["Retry"] if r["ErrorEquals"] == ["EndpointBusyError"])
    waits = (
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** number, retry["MaxDelaySeconds"])
        for number in range(retry["MaxAttempts"])
    )
    assert sum(waits) / 2 >= patience_seconds  # full jitter waits half of it on average
