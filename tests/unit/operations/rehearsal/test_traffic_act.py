"""`ACTS=traffic`: rolled out and back with nothing lost, then a file; all else is an error."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from contracts.pipeline_config import PipelineConfig
from localcloud.commands.housing import generate
from operations.rehearsal import choosing, performance, traffic_act, whole_file
from operations.rehearsal.batches import Batches
from operations.rehearsal.display import Display
from operations.rehearsal.sampling import first_rows
from operations.rehearsal.table_file import TableFile
from operations.rehearsal.traffic_act import TrafficStory
from operations.rehearsal.uploads import Source, read_source
from operations.rehearsal.watch import Execution, RehearsalError, find_execution

ROOT = Path(__file__).parents[4]
CONFIG = PipelineConfig.load(ROOT / "pipeline.toml")
COLUMNS = ["row", "id", "first", "prediction"]


class Watched:
    """Traffic, timeline and batches of one deployment."""

    def __init__(self, failed: int = 0, failed_on_blue: int = 0) -> None:
        self.sent, self.failed_on_blue = 100, failed_on_blue
        self.sample_seconds = 0.0
        self.baked = [(1, 3)]
        self._failed = failed

    @property
    def failed(self) -> Any:
        return _Failed(self._failed, self.failed_on_blue)

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Failed(int):
    """A count for the traffic, and a call for the timeline."""

    def __new__(cls, count: int, on_blue: int) -> _Failed:
        made = super().__new__(cls, count)
        made.on_blue = on_blue  # type: ignore[attr-defined]
        return made

    def __call__(self, fleet: str) -> int:
        return int(self.on_blue) if fleet == "blue" else int(self)  # type: ignore[attr-defined]


class FakeStage:
    """Answers each upload with the next outcome; `wrong` is what the endpoint says of the last row."""

    def __init__(self, *outcomes: str, watched: Watched | None = None, wrong: str = "") -> None:
        self.outcomes, self.uploads, self.serving = list(outcomes), [], ""  # type: ignore[var-annotated]
        self.watched, self.wrong = watched or Watched(), wrong
        self.files: list[bytes] = []

    def run(self, name: str, content: bytes, display: Any, on_state: Any = None) -> Execution:
        self.uploads.append(content)
        outcome = self.outcomes.pop(0)
        execution = Execution("arn", output={"outcome": outcome, "reason": "because it is so"})
        execution.error = outcome if outcome.endswith("Error") else ""
        if outcome in ("Promoted", "DeploymentRolledBackError"):
            on_state("EvaluateModel")
            on_state("DeployModel")
        if outcome == "Promoted":
            self.serving = f"config-{len(self.uploads)}"
        return execution

    def run_batch(self, name: str, content: bytes, display: Any) -> Execution:
        self.files.append(content)
        rows = len(content.splitlines()) - 1
        self.written = b"".join(b"%d,%s,%d.5\n" % (n, row, n) for n, row in enumerate(_rows(content), 1))
        result = {"outcome": "Predicted", "rows": rows, "predicted_rows": rows, "rejected_rows": 0}
        return Execution("arn", output={"result": {**result, "manifest_uri": "s3://a/manifest.json"}})

    def document(self, uri: str) -> dict[str, Any]:
        part = {"uri": "s3://a/part", "sha256": hashlib.sha256(self.written).hexdigest()}
        names = self.files[-1].decode().splitlines()[0].split(",")
        return {
            "columns": ["row", *names, "prediction"],
            "model": {"training_job_name": self.serving},
            "outputs": [part],
        }

    def content(self, uri: str) -> bytes:
        return self.written

    def ask_rows(self, rows: list[dict[str, str]]) -> str:
        by_row = {line[1:-1]: line[-1] for line in map(tuple, csv.reader(io.StringIO(self.written.decode())))}
        found = [next(v for k, v in by_row.items() if k[: len(row)] == tuple(row.values())) for row in rows]
        return "\n".join([*found[:-1], self.wrong or found[-1]]) + "\n"

    def traffic(self, *_: Any) -> Watched:
        return self.watched

    timeline = traffic

    def batches(self, tell: Any) -> Watched:
        tell("batch 1")
        return self.watched

    def endpoint_config(self) -> str:
        return self.serving

    def newest_training_job(self) -> str:
        return "job"

    def ask(self, questions: Any) -> list[Any]:
        return []


class Faults:
    def put(self, *_: Any, **__: Any) -> None: ...
    def clear(self) -> None: ...


def _rows(content: bytes) -> list[bytes]:
    return content.splitlines()[1:]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    path = tmp_path_factory.mktemp("data") / "houses.csv"
    path.write_bytes(generate(900))
    return read_source(str(path), CONFIG)


def play(source: Source, stage: FakeStage, monkeypatch: pytest.MonkeyPatch) -> tuple[TrafficStory, str]:
    monkeypatch.chdir(ROOT)
    said = io.StringIO()
    given: Any = stage
    faults: Any = Faults()
    story = TrafficStory(given, source, Display(Console(file=said, width=80)), [])
    story.play(faults)
    assert stage.outcomes == []
    return story, " ".join(said.getvalue().split())


def test_as_told_a_better_model_rolls_out_a_broken_one_back_and_the_file_is_answered(source, monkeypatch):
    stage = FakeStage("Promoted", "Promoted", "DeploymentRolledBackError")
    story, said = play(source, stage, monkeypatch)
    assert [run.batches for run in story._runs] == [[], [(1, 3)], [(1, 3)]]
    first, middle, whole = (set(content.splitlines()) for content in stage.uploads)
    assert first < middle < whole, "each upload has the rows of the one before, and more"
    assert story.notes == []
    assert len(stage.files[0].splitlines()) == len(whole)
    assert "0 of 100 requests lost" in said
    assert said.count("batch 1") == 2
    assert f"{whole_file.COMPARED_ROWS} of them asked of the endpoint: the same answers, bit for bit" in said
    assert stage.watched.sample_seconds == pytest.approx(1.5)


def test_what_is_not_built_is_said_in_plain_words(source, monkeypatch):
    _, said = play(source, FakeStage("ChallengerRejected", "ChallengerRejected"), monkeypatch)
    assert "Not built, and so not shown: a shadow" in said
    assert "experiments" in said
    assert "scale themselves" in said


def test_where_some_rows_more_make_no_better_model_all_rows_may(source, monkeypatch):
    stage = FakeStage("Promoted", "ChallengerRejected", "Promoted", "ChallengerRejected")
    story, _ = play(source, stage, monkeypatch)
    assert stage.uploads[2] == stage.uploads[3] == source.content
    assert ["nothing is rolled back" in note for note in story.notes] == [True]
    assert stage.files


@pytest.mark.parametrize(
    ("outcomes", "faults", "told"),
    [
        (["Promoted", "Promoted"], {"watched": Watched(failed=3)}, "3 of 100 requests were lost"),
        (
            ["Promoted", "Promoted", "DeploymentRolledBackError"],
            {"watched": Watched(failed_on_blue=2)},
            "2 requests failed on the old instances",
        ),
        (
            ["Promoted", "Promoted", "DeploymentRolledBackError"],
            {"wrong": "0.25"},
            r"the batch answered .*, the endpoint \['0.25'\]",
        ),
    ],
    ids=["lost", "old instances", "other answer"],
)
def test_what_was_promised_and_did_not_happen_is_an_error(source, monkeypatch, outcomes, faults, told):
    with pytest.raises(RehearsalError, match=told):
        play(source, FakeStage(*outcomes, **faults), monkeypatch)


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ({"result": {"outcome": "BatchRejected", "reason": "no row"}}, "BatchRejected: no row"),
        ({}, "the file was not answered"),
    ],
)
def test_a_file_that_was_not_answered_is_told_with_its_reason(output, told):
    stage: Any = SimpleNamespace(run_batch=lambda *_: Execution("arn", output=output))
    with pytest.raises(RehearsalError, match=told):
        whole_file.answer(stage, b"", ["first"], Display(Console(file=io.StringIO())))


def test_an_answer_that_differs_in_its_last_digit_is_named_with_its_row():
    stage: Any = SimpleNamespace(ask_rows=lambda rows: "1.25\n2.5000000000000004\n")
    lines = [["7", "a", "1", "1.25"], ["9", "b", "2", "2.5"]]
    with pytest.raises(RehearsalError, match="row 9: the batch answered"):
        whole_file.compare(stage, COLUMNS, lines, ["first"])
    stage.ask_rows = lambda rows: "1.25\n2.5\n" if rows == [{"first": "1"}, {"first": "2"}] else ""
    assert whole_file.compare(stage, COLUMNS, lines, ["first"]) == 2


def endpoint(status: str, old: int, new: int = 0, doing: str = "Baking") -> dict[str, Any]:
    pending = {"CurrentInstanceCount": new, "VariantStatus": [{"Status": doing}]}
    return {
        "EndpointStatus": status,
        "ProductionVariants": [{"CurrentInstanceCount": old}],
        **({"PendingDeploymentSummary": {"ProductionVariants": [pending]}} if new else {}),
    }


def test_each_batch_is_told_once_when_it_bakes_and_the_way_back_ends_it():
    said: list[str] = []
    batches = Batches(None, "shop-dev", said.append)
    for answer in (
        endpoint("InService", 3),
        endpoint("Updating", 3, 1, "Creating"),
        endpoint("Updating", 3, 1),
        endpoint("Updating", 3, 1),
        endpoint("Updating", 2, 2),
        endpoint("RollingBack", 2, 2),
        endpoint("RollingBack", 3, 3),
    ):
        batches.look(answer)
    assert batches.baked == [(1, 3), (2, 2)]
    assert ["batch 1: 1 new instance beside 3" in line for line in said] == [True, False, False]
    assert "come back" in said[-1]


def test_a_larger_share_holds_the_rows_of_a_smaller_one():
    table = TableFile.read(generate(700), CONFIG.dataset.reading)
    few = first_rows(table, CONFIG.dataset)
    more = first_rows(table, CONFIG.dataset, wanted_share=0.9)
    assert set(few) < set(more)
    assert len(more) == math.floor(0.9 * 700)


def test_the_execution_of_a_batch_is_found_by_s3_s_event():
    given = '{"detail": {"object": {"key": "batch/rows.csv", "version-id": "2"}}}'
    states = SimpleNamespace(
        list_executions=lambda **_: {"executions": [{"executionArn": "one"}]},
        describe_execution=lambda **_: {"input": given},
    )
    assert find_execution(states, "machine", "batch/rows.csv", "2", 1.0) == "one"


@pytest.mark.parametrize("acts", ["", choosing.ALL, choosing.TRAFFIC])
def test_the_act_is_played_instead_of_the_others_and_by_nobody_who_did_not_ask(monkeypatch, tmp_path, acts):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pipeline.toml").write_text((ROOT / "pipeline.toml").read_text())
    monkeypatch.setenv("ACTS", acts)
    monkeypatch.delenv("DATA", raising=False)
    monkeypatch.setattr(performance, "read_source", lambda *_: SimpleNamespace(is_synthetic=True))
    monkeypatch.setattr(performance, "_write", lambda *_: None)
    monkeypatch.setattr(performance, "_play_on", lambda *_: "")
    asked: list[tuple[Any, ...]] = []

    def play_nothing(*given: Any) -> str:
        asked.append(given[4:])
        return ""

    monkeypatch.setattr(performance, "_play", play_nothing)
    assert performance.main() == 0
    ((*story,),) = asked
    assert story[:1] == ([traffic_act.TrafficStory] if acts == choosing.TRAFFIC else [])
