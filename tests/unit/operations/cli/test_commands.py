"""The commands against a stage in moto's server: what they say, to people and programs, how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner, Result

from operations.cli import document, exits, logs, project
from operations.cli.app import app
from operations.cli.exits import Exit
from operations.reading.clients import Clients
from operations.reading.errors import ReadingError
from operations.reading.stage import StageReader
from tests.unit.operations.conftest import CHAMPION, MACHINE, NAME, register, serve
from tests.unit.operations.reading.runs import Events, run

OTHER = "housing-dev-fedcba9876543210"
HEAVY = ("boto3", "botocore", "aws_cdk", "pandas", "numpy", "mlflow", "starlette", "duckdb", "rich.table")


@pytest.fixture(autouse=True)
def _here(moto_cloud: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project's own pipeline.toml, whatever the test was started from."""
    monkeypatch.chdir(project.OWN)
    monkeypatch.delenv("STAGE", raising=False)
    monkeypatch.setenv("COLUMNS", "100")


def greenlight(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def document_of(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(greenlight(*words, "--json").stdout)
    return found


def start(clients: Clients, name: str, **given: object) -> str:
    found = clients("stepfunctions").start_execution(
        stateMachineArn=MACHINE, name=name, input=json.dumps(given)
    )
    return str(found["executionArn"])


def alarm(clients: Clients, name: str) -> None:
    clients("cloudwatch").put_metric_alarm(
        AlarmName=f"{NAME}-{name}",
        MetricName="m",
        Namespace="n",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
    )
    clients("cloudwatch").set_alarm_state(
        AlarmName=f"{NAME}-{name}", StateValue="ALARM", StateReason="a run failed"
    )


def test_nothing_heavy_is_loaded_before_it_is_used():
    code = f"import sys, operations.cli.app; print([m for m in {HEAVY!r} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=project.OWN
    )
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_complete(shell: str):
    environment = {**os.environ, "_GREENLIGHT_COMPLETE": f"source_{shell}"}
    command = [sys.executable, "-m", "operations"]
    found = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=project.OWN, env=environment
    )
    assert f"_GREENLIGHT_COMPLETE=complete_{shell}" in found.stdout


def test_every_command_answers_for_help_and_takes_json():
    group: Any = typer.main.get_command(app)
    wanted = (
        "status upload runs run why models diff approve reject rollback redrive predict labels drift "
        "experiment batch logs cost doctor open console"
    )
    assert set(wanted.split()) <= set(group.commands)
    for name, command in group.commands.items():
        assert greenlight(name, "--help").exit_code == 0
        assert {"as_json", "stage", "profile", "region"} <= {parameter.name for parameter in command.params}


def test_a_stage_that_is_not_deployed_is_said_with_what_to_do():
    result = greenlight("status")
    assert result.exit_code == Exit.NOT_THERE
    assert "There is no stack housing-dev" in result.stderr
    assert "make deploy STAGE=dev" in result.stderr
    assert "Traceback" not in result.output


def test_programs_get_the_error_as_their_document():
    assert document_of("status", "--stage", "prod") == {
        "error": document_of("status", "--stage", "prod")["error"],
        "way_on": "See whether --stage, --region and --profile are right, or deploy it: "
        "make deploy STAGE=prod",
        "exit": 3,
    }


def test_nobody_at_the_address_has_an_exit_status_of_its_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert greenlight("models").exit_code == Exit.UNREACHABLE


def test_a_fresh_stage_waits_for_its_first_upload(stage: StageReader):
    result = greenlight("status")
    assert result.exit_code == Exit.DONE
    assert "nothing yet" in result.stdout
    assert "greenlight upload" in result.stdout


def test_status_tells_what_serves_and_since_when(stage: StageReader, clients: Clients):
    register(clients, CHAMPION, promoted_at="2026-11-22T02:50:00+00:00", proof="proven")
    serve(clients, CHAMPION)
    result = greenlight("status")
    assert f"version 1 ({CHAMPION}), since 2026-11-22 02:50 UTC, proven" in result.stdout
    assert "2 × ml.m5.large" in result.stdout
    assert document_of("status")["champion"]["version"] == 1


def test_an_alarm_that_fires_is_bad_news_and_leads_to_its_chapter(stage: StageReader, clients: Clients):
    alarm(clients, "ExecutionFailed")
    result = greenlight("status")
    assert result.exit_code == Exit.ANSWER_IS_NO
    assert "ExecutionFailed fires" in result.stdout
    assert "docs/runbook.md#executionfailed" in result.stdout


def test_dead_letters_are_bad_news_too(stage: StageReader, clients: Clients):
    clients("sqs").send_message(QueueUrl=stage.stack.dead_letter_queue_url, MessageBody="{}")
    result = greenlight("status")
    assert result.exit_code == Exit.ANSWER_IS_NO
    assert "1 dead letter" in result.stdout


def test_a_promoted_model_that_serves_no_more_is_bad_news(stage: StageReader, clients: Clients):
    register(clients, CHAMPION, promoted_at="2026-11-22T02:50:00+00:00")
    assert greenlight("status").exit_code == Exit.ANSWER_IS_NO


def test_runs_are_listed_by_their_uploads(stage: StageReader, clients: Clients):
    start(clients, f"prices-{'a' * 32}", key="incoming/prices.csv", bucket="b", versionId="1")
    result = greenlight("runs")
    assert "prices.csv" in result.stdout
    assert "prices-aaaaaaaa" in result.stdout
    assert "a" * 9 not in result.stdout
    listed = json.loads(greenlight("runs", "--json").stdout)
    assert [(run["upload"], run["status"]) for run in listed] == [("incoming/prices.csv", "RUNNING")]


def test_a_run_that_is_not_there_is_said(stage: StageReader):
    assert greenlight("run", "nothing").exit_code == Exit.NOT_THERE
    assert "greenlight runs" in greenlight("why", "nothing").stderr


def test_models_point_at_the_one_that_serves(stage: StageReader, clients: Clients):
    register(clients, CHAMPION, promoted_at="2026-11-22T02:50:00+00:00")
    register(clients, OTHER, status="Rejected")
    serve(clients, CHAMPION)
    lines = greenlight("models").stdout.splitlines()
    assert [line.split()[:2] for line in lines if "→" in line] == [["→", "1"]]
    assert document_of("models")["serving"] == CHAMPION


def report(clients: Clients, stage: StageReader, name: str, **figures: float) -> None:
    body = {"metric": "rmse_error", "challenger": figures, "rows": {"train": 10}}
    clients("s3").put_object(Bucket=stage.stack.artifact_bucket, Key=f"{name}.json", Body=json.dumps(body))
    clients("sagemaker").create_model_package(
        ModelPackageGroupName=stage.stack.model_package_group,
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [{"Image": "i"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        ModelMetrics={
            "ModelQuality": {
                "Statistics": {
                    "ContentType": "application/json",
                    "S3Uri": f"s3://{stage.stack.artifact_bucket}/{name}.json",
                }
            }
        },
        CustomerMetadataProperties={"training_job_name": name},
    )


def test_two_models_are_told_apart_by_what_differs(stage: StageReader, clients: Clients):
    report(clients, stage, CHAMPION, rmse_error=45000.0, r2_score=0.8)
    report(clients, stage, OTHER, rmse_error=42000.0, r2_score=0.8)
    found = document_of("diff", "1", "2")["differences"]
    assert found == [
        {"part": "figures on the holdout", "key": "rmse_error", "before": 45000.0, "after": 42000.0}
    ]
    assert "are the same" in greenlight("diff", "1", "1").stdout


def test_a_model_is_rejected_only_with_a_yes(stage: StageReader, clients: Clients):
    register(clients, CHAMPION)
    refused = greenlight("reject", "1", "--reason", "wrong labels")
    assert refused.exit_code == Exit.USAGE
    assert "--yes" in refused.stderr
    assert stage.model(1).status == "Approved"
    assert greenlight("reject", "1", "--reason", "wrong labels", "--yes").exit_code == Exit.DONE
    assert (stage.model(1).status, stage.model(1).reason) == ("Rejected", "wrong labels")


def test_a_rollback_without_an_earlier_model_is_refused(stage: StageReader, clients: Clients):
    register(clients, CHAMPION)
    serve(clients, CHAMPION)
    result = greenlight("rollback", "--yes")
    assert result.exit_code == Exit.ANSWER_IS_NO
    assert "no other approved model package" in result.stderr
    assert greenlight("rollback", "--version", "9", "--yes").exit_code == Exit.NOT_THERE
    assert stage.runs() == ()


def test_a_rollback_that_nobody_says_yes_to_starts_nothing(stage: StageReader, clients: Clients):
    register(clients, CHAMPION)
    register(clients, OTHER)
    serve(clients, OTHER)
    assert greenlight("rollback").exit_code == Exit.USAGE
    assert stage.runs() == ()


def test_no_dead_letters_are_nothing_to_do(stage: StageReader):
    assert "no dead letters" in greenlight("redrive").stdout


def test_a_file_that_would_start_nothing_is_not_uploaded(stage: StageReader, tmp_path: Path):
    path = tmp_path / "table.xlsx"
    path.write_bytes(b"x")
    result = greenlight("upload", str(path))
    assert result.exit_code == Exit.ANSWER_IS_NO
    assert ".csv" in result.stderr
    assert greenlight("upload", str(tmp_path / "gone.csv")).exit_code == Exit.NOT_THERE


def test_a_prediction_without_an_endpoint_or_a_file_is_said(stage: StageReader, tmp_path: Path):
    assert greenlight("predict", str(tmp_path / "gone.csv")).exit_code == Exit.NOT_THERE


def test_a_report_that_no_champion_has_is_said(stage: StageReader):
    result = greenlight("open", "report", "--no-browser")
    assert result.exit_code == Exit.NOT_THERE
    assert "--run last" in result.stderr


@pytest.mark.parametrize("words", [("experiment",), ("batch", "pipeline.toml")])
def test_what_the_stack_lacks_is_said_by_name_with_the_way_on(stage: StageReader, words: tuple[str, ...]):
    result = greenlight(*words)
    assert result.exit_code == Exit.NOT_IN_THIS_STACK
    assert "→" in result.stderr


def test_an_error_that_nobody_foresaw_shows_no_trace(stage: StageReader, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(StageReader, "models", lambda *_, **__: 1 / 0)
    result = greenlight("models")
    assert result.exit_code == Exit.UNFORESEEN
    assert "Traceback" not in result.output
    path = Path(result.stderr.split("Its trace is in ")[1].split(";")[0])
    assert "ZeroDivisionError" in path.read_text()
    path.unlink()


def test_a_command_that_is_none_is_a_mistake_of_usage():
    assert greenlight("statsu").exit_code == Exit.USAGE


NOW = datetime(2026, 11, 22, 2, 50, tzinfo=UTC)


def test_a_moment_is_so_long_ago_or_a_time():
    assert logs.moment_of("90s", NOW) == NOW - timedelta(seconds=90)
    assert logs.moment_of("2h", NOW) == NOW - timedelta(hours=2)
    assert logs.moment_of("2026-11-22T02:50", NOW) == NOW
    with pytest.raises(ReadingError, match="no time"):
        logs.moment_of("yesterday", NOW)


def test_every_exit_status_is_explained_and_the_page_is_current():
    assert set(exits.MEANING) == set(Exit)
    assert document.PLACE.read_text() == document.render(), "run python -m operations.cli.document --write"


def test_the_pipeline_is_that_of_the_nearest_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "below").mkdir()
    (tmp_path / "pipeline.toml").write_text('[pipeline]\nname = "wine"\n')
    monkeypatch.chdir(tmp_path / "below")
    assert project.pipeline_name() == "wine"
    (tmp_path / "pipeline.toml").write_text("[pipeline]\n")
    with pytest.raises(ReadingError, match="names no pipeline"):
        project.pipeline_name()


def waiting(clients: Clients, name: str, version: int) -> str:
    """A deployed stage that asks a person, and a run that waits for one; its ARN."""
    definition = {
        "StartAt": "RequestApproval",
        "States": {
            "RequestApproval": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "End": True,
            }
        },
    }
    clients("stepfunctions").update_state_machine(stateMachineArn=MACHINE, definition=json.dumps(definition))
    return start(clients, name, key="incoming/housing.csv", registration={"model_package_version": version})


@pytest.fixture
def pending(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto's executions wait nowhere: a run that does, as a real history tells of it."""
    events = Events()
    events.enter("RequestApproval")
    document = {
        "registration": {"model_package_version": 2},
        "evaluation": {
            "metric": "rmse_error",
            "challenger": {"rmse_error": 42000.0},
            "champion": {"rmse_error": 45000.0},
            "verdict": {"reason": "It is better by 6.7 %."},
        },
    }
    waits = run("RUNNING", document=document, events=events)
    monkeypatch.setattr(StageReader, "runs_of", lambda self, arns: (waits,))


def test_a_model_that_waits_is_listed_with_its_figures_and_approved_with_a_yes(
    stage: StageReader, clients: Clients, pending: None
):
    register(clients, CHAMPION)
    register(clients, OTHER, status="PendingManualApproval")
    waiting(clients, "housing-aaa", 2)
    assert "Version 2 has rmse_error 42,000 (the champion: 45,000)" in greenlight("approve").stdout
    assert greenlight("approve", "2").exit_code == Exit.USAGE
    assert stage.model(2).status == "PendingManualApproval"
    told = greenlight("approve", "2", "--reason", "looked at the coast", "--yes")
    assert told.exit_code == Exit.DONE, told.output
    assert (stage.model(2).status, stage.model(2).reason) == ("Approved", "looked at the coast")


def test_a_model_that_does_not_wait_is_not_approved(stage: StageReader, clients: Clients, pending: None):
    register(clients, CHAMPION, status="PendingManualApproval")
    waiting(clients, "housing-aaa", 2)
    result = greenlight("approve", "1", "--yes")
    assert result.exit_code == Exit.NOT_THERE
    assert "Waiting: version 2" in result.stderr
    assert stage.model(1).status == "PendingManualApproval"


def test_a_stage_that_asks_nobody_says_how_to_be_asked(stage: StageReader, clients: Clients):
    register(clients, CHAMPION, status="PendingManualApproval")
    result = greenlight("approve", "1", "--yes")
    assert result.exit_code == Exit.NOT_IN_THIS_STACK
    assert 'approval = "required"' in result.stderr
    assert stage.model(1).status == "PendingManualApproval"
