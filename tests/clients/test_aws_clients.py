"""The AWS CLI and the SageMaker Python SDK against the embedded cloud, given its URL and keys alone."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from localcloud.commands.housing import generate
from localcloud.host.launch import launch
from operations.rehearsal.watch import watch

pytestmark = pytest.mark.clients
ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / "build/clients/aws/bin"
ROW = "-122.23,37.88,41,880,129,322,126,8.3252,NEAR BAY"


@pytest.fixture(scope="module")
def cloud():
    with launch(project=ROOT) as running:
        yield running


def call(cloud, *arguments):
    """What a program of the clients' environment prints."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [str(BIN / arguments[0]), *arguments[1:]],
        env={**kept, **cloud.environment, "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def aws(cloud, *arguments):
    return json.loads(call(cloud, "aws", *arguments, "--output", "json") or "null")


@pytest.fixture(scope="module")
def promoted(cloud, tmp_path_factory):
    """One execution, started by the AWS CLI's upload and followed to its end."""
    path = tmp_path_factory.mktemp("upload") / "housing.csv"
    path.write_bytes(generate(row_count=1500))
    call(cloud, "aws", "s3", "cp", str(path), f"s3://{cloud.outputs['RawBucketName']}/incoming/housing.csv")
    machine = ("--state-machine-arn", cloud.outputs["StateMachineArn"])
    executions: list[dict[str, str]] = []
    while not executions:
        executions = aws(cloud, "stepfunctions", "list-executions", *machine)["executions"]
    arn = executions[0]["executionArn"]
    return watch(cloud.client("stepfunctions"), arn, lambda _: None, 250.0)


def test_an_upload_by_the_aws_cli_is_promoted(cloud, promoted):
    assert promoted.outcome == "Promoted"
    history = aws(cloud, "stepfunctions", "get-execution-history", "--execution-arn", promoted.arn)
    assert history["events"][-1]["type"] == "ExecutionSucceeded"


def test_the_aws_cli_waits_for_describes_and_invokes_the_endpoint(cloud, promoted, tmp_path):
    name = ("--endpoint-name", cloud.outputs["EndpointName"])
    call(cloud, "aws", "sagemaker", "wait", "endpoint-in-service", *name)
    assert aws(cloud, "sagemaker", "describe-endpoint", *name)["EndpointStatus"] == "InService"
    body, answer = tmp_path / "row.csv", tmp_path / "answer"
    body.write_text(ROW)
    kind = ("--content-type", "text/csv", "--body", f"fileb://{body}")
    call(cloud, "aws", "sagemaker-runtime", "invoke-endpoint", *name, *kind, str(answer))
    assert float(answer.read_text()) > 0


def test_the_aws_cli_waits_through_a_deployment(cloud, promoted):
    name = ("--endpoint-name", cloud.outputs["EndpointName"])
    config = aws(cloud, "sagemaker", "describe-endpoint", *name)["EndpointConfigName"]
    canary = {"Type": "CAPACITY_PERCENT", "Value": 50}
    routing = {"Type": "CANARY", "CanarySize": canary, "WaitIntervalInSeconds": 300}
    policy = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
    update = ("--endpoint-config-name", config, "--deployment-config", json.dumps(policy))
    aws(cloud, "sagemaker", "update-endpoint", *name, *update)
    assert aws(cloud, "sagemaker", "describe-endpoint", *name)["EndpointStatus"] == "Updating"
    call(cloud, "aws", "sagemaker", "wait", "endpoint-in-service", *name)
    described = aws(cloud, "sagemaker", "describe-endpoint", *name)
    assert described["EndpointStatus"] == "InService"
    assert "PendingDeploymentSummary" not in described


def test_the_sagemaker_sdk_reads_registry_and_job_and_invokes_the_endpoint(cloud, promoted):
    script = str(Path(__file__).with_name("sdk_session.py"))
    endpoint, group = cloud.outputs["EndpointName"], cloud.outputs["ModelPackageGroupName"]
    listed = aws(cloud, "sagemaker", "list-model-packages", "--model-package-group-name", group)
    package_arn = listed["ModelPackageSummaryList"][0]["ModelPackageArn"]
    printed = call(cloud, "python", script, endpoint, group, package_arn, ROW)
    seen = json.loads(printed.strip().splitlines()[-1])
    assert seen.pop("prediction") > 0
    assert seen == {
        "endpoint_status": "InService",
        "capture": True,
        "group_status": "Completed",
        "package_approval": "Approved",
        "job_status": "Completed",
    }
