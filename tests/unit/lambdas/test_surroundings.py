"""What all functions share: clients that know when a service is busy, storage, and light imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from contracts.errors import ServiceBusyError, UploadMissingError
from lambdas.aws import storage
from lambdas.aws.clients import client
from lambdas.aws.executions import is_over, stop_all

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("code", "status"), [("ThrottlingException", 400), ("TooManyRequests", 429), ("InternalFailure", 500)]
)
def test_throttling_that_outlasts_its_retries_is_busy(code: str, status: int) -> None:
    sagemaker = client("sagemaker")
    with Stubber(sagemaker) as stub:
        stub.add_client_error("describe_endpoint", code, "slow down", http_status_code=status)
        with pytest.raises(ServiceBusyError, match=f"SageMaker DescribeEndpoint answered {code}: slow down"):
            sagemaker.describe_endpoint(EndpointName="x")


def test_a_refusal_stays_the_error_that_it_is() -> None:
    sagemaker = client("sagemaker")
    with Stubber(sagemaker) as stub:
        stub.add_client_error("describe_endpoint", "AccessDeniedException", "no", http_status_code=400)
        with pytest.raises(ClientError, match="AccessDenied"):
            sagemaker.describe_endpoint(EndpointName="x")


def test_a_client_is_made_once() -> None:
    assert client("s3") is client("s3")


def test_an_upload_is_read_at_its_version(aws: None) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="raw")
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    versions = [s3.put_object(Bucket="raw", Key="a", Body=body)["VersionId"] for body in (b"one", b"two!")]
    upload = storage.open_upload("raw", "a", versions[0])
    assert (b"".join(upload.chunks), upload.size_bytes) == (b"one", 3)


def test_an_upload_that_is_gone_is_named(aws: None) -> None:
    boto3.client("s3").create_bucket(Bucket="raw")
    with pytest.raises(UploadMissingError, match="s3://raw/a has no version v1"):
        storage.open_upload("raw", "a", "v1")


def test_files_and_documents_come_back_as_they_went(aws: None, tmp_path: Path) -> None:
    boto3.client("s3").create_bucket(Bucket="box")
    storage.write_json({"a": 1}, "s3://box/x/doc.json")
    assert storage.read_json("s3://box/x/doc.json") == {"a": 1}
    assert storage.read_json("s3://box/x/none.json") is None
    (tmp_path / "f").write_bytes(b"data")
    storage.upload_file(tmp_path / "f", "s3://box/f", "application/octet-stream")
    storage.download_file("s3://box/f", tmp_path / "deep" / "g")
    assert (tmp_path / "deep" / "g").read_bytes() == b"data"
    with pytest.raises(storage.ObjectMissingError, match="s3://box/none"):
        storage.download_file("s3://box/none", tmp_path / "h")


def test_a_figure_that_is_no_json_number_is_refused(aws: None) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        storage.write_json({"a": float("nan")}, "s3://b/x")


def test_only_s3_uris_are_split() -> None:
    assert storage.split("s3://b/c/d e") == ("b", "c/d e")
    with pytest.raises(ValueError, match="s3://bucket/key"):
        storage.split("/etc/passwd")


def test_emptying_a_bucket_that_is_gone_is_fine(aws: None) -> None:
    storage.empty_bucket("gone")


def test_stopping_a_state_machine_that_is_gone_is_fine(aws: None) -> None:
    assert stop_all("arn:aws:states:us-east-1:111122223333:stateMachine:gone", "because") == 0


def test_an_execution_is_over_once_it_was_stopped_or_nobody_knows_it(aws: None) -> None:
    states = boto3.client("stepfunctions")
    machine = states.create_state_machine(
        name="pipeline",
        definition='{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}',
        roleArn="arn:aws:iam::111122223333:role/states",
    )["stateMachineArn"]
    running = states.start_execution(stateMachineArn=machine, name="one")["executionArn"]
    assert not is_over(running)
    states.stop_execution(executionArn=running)
    assert is_over(running)
    assert is_over(running.replace("one", "gone"))


FROM_THE_IMAGE = {"ingest_data", "list_parts", "ingest_part", "merge_parts", "evaluate_model"}
FROM_THE_IMAGE |= {"read_window", "judge_drift", "judge_quality", "start_retraining"}
FROM_THE_IMAGE |= {"accept_records", "close_hours", "prepare_batch"}


def test_the_lean_functions_import_nothing_heavy() -> None:
    """A zip function has no numpy, and its cold start no time for one."""
    lean = [
        path.parent.name
        for path in (ROOT / "lambdas").glob("*/handler.py")
        if path.parent.name not in FROM_THE_IMAGE
    ]
    imports = "; ".join(f"import lambdas.{name}.handler" for name in lean)
    heavy = "{'numpy', 'pandas', 'duckdb', 'pyarrow', 'mlflow', 'sklearn', 'inference'} & set(sys.modules)"
    code = f"import sys; {imports}; assert not {heavy}, {heavy}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_boto3_is_imported_in_one_package_alone() -> None:
    users = {
        path.relative_to(ROOT / "lambdas").parts[0]
        for path in (ROOT / "lambdas").rglob("*.py")
        if "import boto3" in path.read_text(encoding="utf-8")
    }
    assert users == {"aws"}
