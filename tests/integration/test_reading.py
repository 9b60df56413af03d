"""The reading API asks a deployed stage of the embedded cloud, as it would ask AWS."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from localcloud.host.launch import Running
from operations.reading import endpoint
from operations.reading.runs import Run
from operations.reading.stage import StageReader

PATIENCE_SECONDS = 300.0


@pytest.fixture
def stage(cloud: Running, monkeypatch: pytest.MonkeyPatch) -> StageReader:
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    return StageReader.open("housing-dev")


def ended(stage: StageReader, name: str) -> Run:
    """The run of the upload of that name, once it has ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = [stage.run_of(summary.arn) for summary in stage.runs() if summary.name.startswith(name)]
        if found and not found[0].is_running:
            return found[0]
        time.sleep(0.2)
    raise AssertionError(f"{name} started no run that ended")


def test_a_fresh_stage_serves_nothing_and_waits_for_nothing(stage: StageReader):
    assert stage.endpoint().status == endpoint.MISSING
    assert stage.champion() is None
    assert stage.models() == ()
    assert (stage.queues().uploads_waiting, stage.queues().dead_letters) == (0, 0)
    assert [alarm.short_name for alarm in stage.alarms() if alarm.fires] == []
    assert len(stage.alarms()) > 5


def test_the_graph_that_is_deployed_ends_where_its_definition_says(stage: StageReader):
    machine = stage.machine()
    ends = {state.name for state in machine.states if state.is_end}
    assert {"Promoted", "DatasetRejected", "Failed"} <= ends
    assert "IngestData" in machine.main_path


def test_an_upload_that_breaks_its_contract_is_read_to_its_end(stage: StageReader, cloud: Running):
    body = b"longitude,latitude\n1,2\n"
    start = datetime.now(UTC) - timedelta(minutes=1)
    bucket = stage.stack.raw_bucket
    cloud.client("s3").put_object(Bucket=bucket, Key="incoming/two-columns.csv", Body=body)
    run = ended(stage, "two-columns")
    assert (run.outcome, run.upload) == ("DatasetRejected", "incoming/two-columns.csv")
    assert "median_house_value" in run.reason
    assert [step.state for step in stage.lineage(run)][:3] == ["done", "refused", "missing"]
    assert run.visits[-1].state == "DatasetRejected"
    assert all(visit.seconds is not None for visit in run.visits)
    assert stage.run_of(run.arn) is run  # what has ended is asked for once
    sources = {line.source for line in stage.logs(start, until=datetime.now(UTC) + timedelta(days=1))}
    assert "IngestData" in sources
