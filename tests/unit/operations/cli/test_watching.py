"""`greenlight drift` and `labels` against a stage in moto's server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from contracts import layout
from operations.cli import project, watching
from operations.cli.app import app
from operations.cli.exits import Exit
from operations.reading.clients import Clients
from operations.reading.stage import StageReader
from tests.unit.operations.conftest import BUCKET, DEFINITION, NAME, ROLE


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.OWN)
    monkeypatch.delenv("STAGE", raising=False)
    monkeypatch.setenv("COLUMNS", "100")


def greenlight(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def watch(clients: Clients) -> None:
    clients("stepfunctions").create_state_machine(
        name=f"{NAME}-monitoring", definition=json.dumps(DEFINITION), roleArn=ROLE
    )


def tell(clients: Clients, hour: str, *, drifted: bool, quality: str = "AS_PROMISED") -> None:
    """What PublishMonitoring writes of one window."""
    found: dict[str, Any] = {
        "window": {"first_hour": "2026-11-27T15", "last_hour": hour},
        "drift": {
            "status": "DRIFT" if drifted else "NO_DRIFT",
            "cause": "drift_in_time" if drifted else "",
            "reason": "median_income moved" if drifted else "nothing moved",
            "rows": 5000,
            "columns": {"median_income": {"psi": 0.31}, "latitude": {"psi": 0.01}},
        },
        "heat": {
            "latitude": {"effect_share": 0.01, "drifted": False},
            "median_income": {"effect_share": 0.4 if drifted else 0.0, "drifted": drifted},
        },
        "quality": {
            "status": quality,
            "reason": "as the gate promised",
            "metric": "rmse_error",
            "labelled_rows": 800,
            "overall": {"value": 48000.0, "low": 46000.0, "high": 50000.0, "promised": 47000.0},
        },
        "retraining": {"is_due": drifted, "reason": "drift"},
    }
    key = f"{layout.VERDICTS.prefix}{hour}/{layout.REPORT_JSON}"
    clients("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(found))


def test_a_stage_without_a_monitor_says_which_key_brings_one(stage: StageReader):
    for command in ("drift", "labels"):
        result = greenlight(command)
        assert result.exit_code == Exit.NOT_IN_THIS_STACK
        assert "[monitoring] stages" in result.stderr


def test_a_monitor_that_has_not_run_yet_is_no_fault(stage: StageReader, clients: Clients):
    watch(clients)
    result = greenlight("drift")
    assert result.exit_code == Exit.DONE
    assert "nothing yet" in result.stdout


def test_drift_is_bad_news_and_names_its_column_first(stage: StageReader, clients: Clients):
    watch(clients)
    tell(clients, "2026-11-28T13", drifted=False)
    tell(clients, "2026-11-28T14", drifted=True)
    result = greenlight("drift")
    assert result.exit_code == Exit.ANSWER_IS_NO
    lines = result.stdout.splitlines()
    columns = [line for line in lines if line.startswith(("median_income", "latitude"))]
    assert columns[0].split()[0] == "median_income"
    assert " █" in columns[0]  # nothing in the window before, much in the newest
    assert "0.310" in columns[0]
    assert "48,000 (46,000 to 50,000), promised 47,000, of 800 labelled rows" in result.stdout


def test_no_drift_is_good_news_and_decay_is_not(stage: StageReader, clients: Clients):
    tell(clients, "2026-11-28T14", drifted=False)
    assert greenlight("drift").exit_code == Exit.DONE
    tell(clients, "2026-11-28T15", drifted=False, quality="DECAYED")
    assert greenlight("drift").exit_code == Exit.ANSWER_IS_NO
    assert greenlight("labels").exit_code == Exit.ANSWER_IS_NO


def test_programs_get_every_window_the_newest_first(stage: StageReader, clients: Clients):
    for hour in ("09", "10", "11"):
        tell(clients, f"2026-11-28T{hour}", drifted=False)
    found = json.loads(greenlight("drift", "--hours", "2", "--json").stdout)
    assert found["watched"] is True
    assert [one["hour"] for one in found["verdicts"]] == ["2026-11-28T11", "2026-11-28T10"]


def test_labels_go_where_the_monitor_reads_them(stage: StageReader, clients: Clients, tmp_path: Path):
    watch(clients)
    clients("s3").create_bucket(Bucket=f"{NAME}-raw")
    path = tmp_path / "november.csv"
    path.write_text("inference_id,median_house_value\nabc,100000\n")
    assert greenlight("labels", str(path)).exit_code == Exit.DONE
    found = clients("s3").list_objects_v2(Bucket=f"{NAME}-raw")["Contents"]
    assert [item["Key"] for item in found] == ["labels/november.csv"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("l.csv", "id,price\n", "inference_id and median_house_value"),
        ("l.csv", "inference_id,price\n", "median_house_value (or label)"),
        ("l.xlsx", "", ".parquet"),
    ],
)
def test_labels_that_would_be_refused_as_a_whole_stay_here(
    stage: StageReader, clients: Clients, tmp_path: Path, name: str, text: str, said: str
):
    watch(clients)
    path = tmp_path / name
    path.write_text(text)
    result = greenlight("labels", str(path))
    assert result.exit_code == Exit.ANSWER_IS_NO
    assert said in result.stderr


def test_more_rows_that_moved_are_darker():
    assert [watching.shade(share) for share in (0.0, 0.1, 0.2, 0.3, 0.4, 1.0, -0.1)] == list(" ░▒▓██ ")
