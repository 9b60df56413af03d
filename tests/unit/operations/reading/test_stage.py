"""A stage is read the same way from any cloud: here from moto's server, through AWS_ENDPOINT_URL."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from operations.reading import endpoint, errors
from operations.reading.clients import Clients
from operations.reading.stage import StageReader
from tests.unit.operations.conftest import ACCOUNT, BUCKET, CHAMPION, MACHINE, NAME, register, serve

NOW = datetime(2026, 11, 22, 2, 50, tzinfo=UTC)


def start(clients: Clients, name: str, **given: object) -> str:
    started = clients("stepfunctions").start_execution(
        stateMachineArn=MACHINE, name=name, input=json.dumps(given)
    )
    return str(started["executionArn"])


def test_a_stack_that_is_not_there_is_looked_for_by_name_and_the_way_on_is_said(moto_cloud: str):
    with pytest.raises(errors.NotDeployedError, match="no stack housing-dev") as caught:
        StageReader.open(NAME)
    assert "make deploy STAGE=dev" in caught.value.way_on


def test_the_outputs_name_everything_else(stage: StageReader):
    found = stage.stack
    assert (found.pipeline, found.stage, found.account) == ("housing", "dev", ACCOUNT)
    assert found.endpoint_url.startswith("http://127.0.0.1:")


def test_an_output_that_an_unfinished_stack_lacks_is_named(stage: StageReader):
    with pytest.raises(errors.NotDeployedError, match="no output AlarmTopicArn"):
        stage.stack._output("AlarmTopicArn")


def test_an_endpoint_that_is_not_there_is_missing_and_no_error(stage: StageReader):
    found = stage.endpoint()
    assert found.status == endpoint.MISSING
    assert not found.answers
    assert stage.champion() is None


def test_the_champion_is_the_model_whose_config_serves_and_not_the_newest(
    stage: StageReader, clients: Clients
):
    register(clients, CHAMPION, promoted_at="2026-11-22T02:50:00+00:00", proof="proven")
    register(clients, "housing-dev-fedcba9876543210", status="Rejected")
    serve(clients, CHAMPION)
    champion = stage.champion()
    assert champion is not None
    assert (champion.version, champion.proof, champion.status) == (1, "proven", "Approved")
    serving = stage.endpoint()
    assert serving.answers
    assert serving.variants[0].instance_type == "ml.m5.large"


def test_models_come_newest_first_and_a_version_that_is_not_there_names_the_newest(
    stage: StageReader, clients: Clients
):
    register(clients, CHAMPION)
    register(clients, "housing-dev-fedcba9876543210", status="PendingManualApproval")
    assert {model.version for model in stage.models()} == {1, 2}
    assert stage.model(2).status == "PendingManualApproval"
    with pytest.raises(errors.NotThereError, match="no model version 7") as caught:
        stage.model(7)
    assert "newest is 2" in caught.value.way_on


def test_a_run_is_found_by_the_begin_of_its_name(stage: StageReader, clients: Clients):
    start(clients, "housing-aaa", key="incoming/housing.csv", bucket="b", versionId="1")
    start(clients, "housing-bbb", key="incoming/housing.csv", bucket="b", versionId="2")
    run = stage.run("housing-a")
    assert run.upload == "incoming/housing.csv"
    assert run.name == "housing-aaa"
    assert len(stage.runs()) == 2
    assert len(stage.runs(limit=1)) == 1


def test_a_name_that_several_runs_begin_with_is_not_guessed(stage: StageReader, clients: Clients):
    start(clients, "housing-aaa", key="k")
    start(clients, "housing-bbb", key="k")
    with pytest.raises(errors.NotThereError, match="2 runs begin with 'housing'"):
        stage.run("housing")
    with pytest.raises(errors.NotThereError, match="no run 'nothing'"):
        stage.run("nothing")


def test_without_a_run_the_last_one_is_an_upload_away(stage: StageReader):
    with pytest.raises(errors.NotThereError, match="no runs yet") as caught:
        stage.run("last")
    assert "greenlight upload" in caught.value.way_on


def test_a_run_by_an_unknown_arn_is_not_there(stage: StageReader):
    with pytest.raises(errors.NotThereError, match="There is no run"):
        stage.run(stage.arn_of_run("gone"))


def test_the_graph_is_the_deployed_definition(stage: StageReader):
    machine = stage.machine()
    assert machine.main_path == {"IngestData", "IsGood", "Promoted", "Rejected"}
    ingest = machine.states[0]
    assert [(edge.target, edge.is_catch) for edge in ingest.edges] == [("IsGood", False), ("Failed", True)]
    assert [edge.label for edge in machine.states[1].edges] == ["yes", ""]
    assert [state.name for state in machine.states if state.is_end] == ["Promoted", "Rejected", "Failed"]


def test_alarms_that_fire_come_first_and_rollback_alarms_are_told_apart(stage: StageReader, clients: Clients):
    cloudwatch = clients("cloudwatch")
    for name in ("ExecutionFailed", "EndpointSlow", f"green-{CHAMPION}-error-rate"):
        cloudwatch.put_metric_alarm(
            AlarmName=f"{NAME}-{name}",
            MetricName="m",
            Namespace="n",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1.0,
            Statistic="Sum",
            ComparisonOperator="GreaterThanThreshold",
        )
    cloudwatch.set_alarm_state(
        AlarmName=f"{NAME}-ExecutionFailed", StateValue="ALARM", StateReason="a run failed"
    )
    first, *rest = stage.alarms()
    assert (first.short_name, first.fires, first.reason) == ("ExecutionFailed", True, "a run failed")
    assert [(alarm.short_name, alarm.is_rollback) for alarm in rest] == [
        ("EndpointSlow", False),
        ("error-rate", True),
    ]


def test_dead_letters_are_counted(stage: StageReader, clients: Clients):
    clients("sqs").send_message(QueueUrl=stage.stack.dead_letter_queue_url, MessageBody="{}")
    assert (stage.queues().uploads_waiting, stage.queues().dead_letters) == (0, 1)


def test_a_report_is_read_by_its_address_and_one_that_is_gone_is_named(stage: StageReader, clients: Clients):
    clients("s3").put_object(Bucket=BUCKET, Key="evaluations/a/report.json", Body=b'{"metric": "rmse_error"}')
    clients("s3").put_object(Bucket=BUCKET, Key="evaluations/a/list.json", Body=b"[1]")
    assert stage.report(f"s3://{BUCKET}/evaluations/a/report.json") == {"metric": "rmse_error"}
    with pytest.raises(errors.NotThereError, match="not there any more"):
        stage.report(f"s3://{BUCKET}/evaluations/b/report.json")
    with pytest.raises(errors.NotThereError, match="no address"):
        stage.report("")
    with pytest.raises(errors.ReadingError, match="no JSON object"):
        stage.report(f"s3://{BUCKET}/evaluations/a/list.json")


def test_lines_of_all_parts_come_in_order_with_their_level(stage: StageReader, clients: Clients):
    logs = clients("logs")
    start_ms = int(NOW.timestamp() * 1000)
    for group, text, offset in (
        (f"/aws/lambda/{NAME}-IngestData", '{"level": "ERROR", "message": "no such column"}', 20),
        (f"/aws/lambda/{NAME}-TrainModel", "WARNING slow", 10),
        ("/aws/lambda/another-dev-IngestData", "of another pipeline", 5),
    ):
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="s")
        event = {"timestamp": start_ms + offset, "message": text}
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[event])
    found = stage.logs(NOW - timedelta(minutes=1))
    assert [(line.source, line.level, line.text) for line in found] == [
        ("TrainModel", "WARNING", "WARNING slow"),
        ("IngestData", "ERROR", "no such column"),
    ]
    assert [line.source for line in stage.logs(NOW - timedelta(minutes=1), only="ingest")] == ["IngestData"]


def test_requests_are_counted_by_fleet_and_by_minute(stage: StageReader, clients: Clients):
    dimensions = [
        {"Name": "EndpointName", "Value": NAME},
        {"Name": "VariantName", "Value": "AllTraffic"},
    ]
    of_fleet = [*dimensions, {"Name": "EndpointConfigName", "Value": CHAMPION}]
    for metric, value in (("Invocations", 7.0), ("Invocation5XXErrors", 2.0)):
        for chosen in (dimensions, of_fleet):
            datum = {"MetricName": metric, "Dimensions": chosen, "Value": value, "Timestamp": NOW}
            clients("cloudwatch").put_metric_data(Namespace="AWS/SageMaker", MetricData=[datum])
    since, now = NOW - timedelta(minutes=5), NOW + timedelta(minutes=5)
    (point,) = stage.traffic(since=since, now=now)
    assert (point.requests, point.failed) == (7, 2)
    totals = stage.totals((CHAMPION, "other"), since=since, now=now)
    assert [(t.config_name, t.requests, t.failed) for t in totals] == [(CHAMPION, 7, 2), ("other", 0, 0)]


def test_nobody_at_the_address_is_said_with_what_to_start(moto_cloud: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(errors.UnreachableError, match="Nobody answers at http") as caught:
        StageReader.open(NAME)
    assert "localcloud up" in caught.value.way_on


def test_no_region_and_no_such_profile_are_said(moto_cloud: str, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(errors.NoAccessError, match="nobody"):
        Clients.open(profile="nobody")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(errors.NoAccessError, match="No AWS region"):
        Clients.open()("sqs")
