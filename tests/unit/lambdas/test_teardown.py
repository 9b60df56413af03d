"""Nothing that the state machine made outlives its stack, and CloudFormation always hears of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

from contracts.errors import EndpointBusyError, TrainingJobBusyError
from contracts.settings import TeardownSettings
from lambdas.teardown.clearance import clear
from lambdas.teardown.handler import handler
from tests.unit.lambdas.conftest import Context, set_environment
from tests.unit.lambdas.fakes import FakeCloudWatch, FakeSageMaker

JOB, OLD = "housing-dev-0123456789abcdef", "housing-dev-fedcba9876543210"
EVENT = json.loads(
    (Path(__file__).parents[2] / "events" / "teardown_delete.json").read_text(encoding="utf-8")
)


@pytest.fixture
def machine(aws: None) -> str:
    definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}
    arn: str = boto3.client("stepfunctions").create_state_machine(
        name="pipeline", definition=json.dumps(definition), roleArn="arn:aws:iam::111122223333:role/states"
    )["stateMachineArn"]
    return arn


@pytest.fixture
def settings(machine: str, monkeypatch: pytest.MonkeyPatch) -> TeardownSettings:
    found = TeardownSettings(
        batch_machine_arn="",
        state_machine_arn=machine,
        endpoint_name="housing-dev",
        model_package_group_name="housing-dev-models",
        rollback_alarm_prefix="housing-dev-green-",
        training_job_prefix="housing-dev",
        buckets_to_empty="raw,artifacts",
    )
    set_environment(monkeypatch, found)
    return found


class Clock:
    """Seconds that pass by sleeping alone."""

    def __init__(self, seconds: float = 600) -> None:
        self.left = seconds

    def sleep(self, seconds: float) -> None:
        self.left -= seconds

    def seconds_left(self) -> float:
        return self.left


def run(settings: TeardownSettings, clock: Clock | None = None) -> Clock:
    clock = clock or Clock()
    clear(settings, seconds_left=clock.seconds_left, sleep=clock.sleep)
    return clock


def test_everything_goes_and_doing_it_again_is_harmless(
    settings: TeardownSettings, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    states, s3 = boto3.client("stepfunctions"), boto3.client("s3")
    states.start_execution(stateMachineArn=settings.state_machine_arn, name="one")
    for bucket in ("raw", "artifacts"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for body in (b"1", b"2"):
            s3.put_object(Bucket=bucket, Key="a", Body=body)
        s3.delete_object(Bucket=bucket, Key="a")
    sagemaker.in_service(JOB)
    sagemaker.configs, sagemaker.models = [JOB, OLD], [JOB, OLD]
    sagemaker.jobs = ["housing-dev-1111111111111111"]
    sagemaker.add_package(JOB)
    cloudwatch.do_put_metric_alarm(AlarmName=f"housing-dev-green-{JOB}-latency")
    run(settings)
    run(settings)
    listed = states.list_executions(stateMachineArn=settings.state_machine_arn)
    assert [e["status"] for e in listed["executions"]] == ["ABORTED"]
    left: tuple[object, ...] = (sagemaker.endpoint, sagemaker.configs, sagemaker.models)
    assert left == (None, [], [])
    assert (sagemaker.jobs, sagemaker.packages, cloudwatch.alarms) == ([], [], {})
    assert all("Versions" not in s3.list_object_versions(Bucket=bucket) for bucket in ("raw", "artifacts"))


def test_what_belongs_to_another_pipeline_stays(
    settings: TeardownSettings, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    others = ["housing-dev-two-0123456789abcdef", "my-housing-dev-0123456789abcdef"]
    sagemaker.configs, sagemaker.models, sagemaker.jobs = [*others], [*others], [others[1]]
    run(settings)
    assert (sagemaker.configs, sagemaker.models, sagemaker.jobs) == (others, others, [others[1]])


def test_a_deployment_under_way_is_rolled_back_and_waited_out(
    settings: TeardownSettings, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    sagemaker.updating(OLD, JOB)
    name = f"housing-dev-green-{JOB}-error-rate"
    cloudwatch.do_put_metric_alarm(AlarmName=name)
    clock = Clock()
    seen: list[str] = []

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        seen.append(cloudwatch.alarms[name]["StateValue"])
        if len(seen) == 3:
            sagemaker.in_service(OLD)

    clear(settings, seconds_left=clock.seconds_left, sleep=sleep)
    assert seen[0] == "ALARM"
    assert sagemaker.endpoint is None


def test_time_that_runs_out_is_told_with_what_to_do(
    settings: TeardownSettings, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    sagemaker.endpoint = {"EndpointStatus": "SystemUpdating", "EndpointConfigName": OLD}
    sagemaker.configs = [OLD]
    with pytest.raises(EndpointBusyError, match="delete the stack again"):
        run(settings, Clock(30))
    assert sagemaker.configs == [OLD]


def test_buckets_are_emptied_only_when_no_job_writes_into_them_any_more(
    settings: TeardownSettings, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    s3 = boto3.client("s3")
    for bucket in ("raw", "artifacts"):
        s3.create_bucket(Bucket=bucket)
    sagemaker.jobs, sagemaker.jobs_stop_slowly = ["housing-dev-1111111111111111"], True
    clock = Clock()

    def upload_then_end(seconds: float) -> None:
        clock.sleep(seconds)
        s3.put_object(Bucket="artifacts", Key="training/model.tar.gz", Body=b"late")
        sagemaker.stopping_jobs.clear()

    clear(settings, seconds_left=clock.seconds_left, sleep=upload_then_end)
    assert "Versions" not in s3.list_object_versions(Bucket="artifacts")


def test_batches_under_way_are_stopped_and_no_other_pipelines(
    settings: TeardownSettings, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch, machine: str
) -> None:
    states = boto3.client("stepfunctions")
    batches = states.create_state_machine(
        name="batch",
        definition=states.describe_state_machine(stateMachineArn=machine)["definition"],
        roleArn="arn:aws:iam::111122223333:role/states",
    )["stateMachineArn"]
    states.start_execution(stateMachineArn=batches)
    sagemaker.transforms = {
        "InProgress": ["housing-dev-1111111111111111-batch", "a-housing-dev-1111111111111111-batch"]
    }
    run(replace(settings, batch_machine_arn=batches, buckets_to_empty=""))
    assert sagemaker.transforms["InProgress"] == ["a-housing-dev-1111111111111111-batch"]
    (execution,) = states.list_executions(stateMachineArn=batches)["executions"]
    assert execution["status"] == "ABORTED"


def test_a_job_that_does_not_stop_in_time_is_told(
    settings: TeardownSettings, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    sagemaker.jobs, sagemaker.jobs_stop_slowly = ["housing-dev-1111111111111111"], True
    with pytest.raises(TrainingJobBusyError, match="housing-dev-1111111111111111 is still stopping"):
        run(settings, Clock(30))


def test_a_stage_that_keeps_its_data_keeps_it(
    settings: TeardownSettings,
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BUCKETS_TO_EMPTY", "")
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="raw")
    s3.put_object(Bucket="raw", Key="a", Body=b"1")
    run(TeardownSettings.from_environment())
    assert s3.get_object(Bucket="raw", Key="a")["Body"].read() == b"1"


class Inbox(ThreadingHTTPServer):
    """Takes CloudFormation's place."""

    received: list[tuple[str, str | None, dict[str, Any]]]


class _Take(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, Inbox)
        self.server.received.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the tests' terminal."""


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    server = Inbox(("127.0.0.1", 0), _Take)
    server.received = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def request(kind: str, inbox: Inbox) -> dict[str, Any]:
    url = f"http://127.0.0.1:{inbox.server_address[1]}/answer?Signature=x"
    return {**EVENT, "RequestType": kind, "ResponseURL": url}


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_creating_and_updating_touch_nothing(
    settings: TeardownSettings,
    inbox: Inbox,
    sagemaker: FakeSageMaker,
    context: Context,
    kind: str,
) -> None:
    handler(request(kind, inbox), context)
    ((path, content_type, body),) = inbox.received
    assert (path, content_type or "") == ("/answer?Signature=x", "")
    assert (body["Status"], body["PhysicalResourceId"]) == ("SUCCESS", "teardown")
    assert body["RequestId"] == EVENT["RequestId"]
    assert sagemaker.calls == []


def test_a_failure_is_told_to_cloudformation_with_its_reason(
    settings: TeardownSettings,
    inbox: Inbox,
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
    context: Context,
) -> None:
    sagemaker.endpoint = {"EndpointStatus": "SystemUpdating", "EndpointConfigName": OLD}
    context.milliseconds = 35_000
    handler(request("Delete", inbox), context)
    ((_, _, body),) = inbox.received
    assert body["Status"] == "FAILED"
    assert body["Reason"].startswith("EndpointBusyError: endpoint housing-dev is still SystemUpdating")
