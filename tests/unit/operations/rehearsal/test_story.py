"""The story goes as far as the data carry it: a verdict is shown, a failure is told with its row."""

import contextlib
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from localcloud.host import interrupts
from operations.rehearsal import endings, performance
from operations.rehearsal.acts import Run, Story
from operations.rehearsal.display import Display
from operations.rehearsal.stage import Stage
from operations.rehearsal.table_file import DataFileError
from operations.rehearsal.uploads import Question, Source
from operations.rehearsal.watch import Execution, RehearsalError
from step_functions.loading import load
from tests.unit.operations.draft.tables import rows, saved, text

ROOT = Path(__file__).parents[4]
QUESTION = Question(row={"age": "41,5", "region": "north"}, actual="12.5")
SOURCE = Source(
    name="shop.csv",
    content=b"all",
    first_content=b"some",
    rows=100,
    first_rows=60,
    questions=(QUESTION,),
    is_synthetic=False,
)


class Faults:
    def put(self, fault, endpoint_config):
        self.broken = endpoint_config

    def clear(self):
        self.broken = ""


class FakeStage:
    """Answers each upload with the next of the outcomes; a promotion changes what the endpoint serves."""

    def __init__(self, *outcomes):
        self.outcomes, self.uploads, self.serving = list(outcomes), [], ""
        self.under_traffic: list[int] = []

    def run(self, name, content, display, on_state=None):
        self.uploads.append(content)
        outcome = self.outcomes.pop(0)
        execution = Execution("arn", output={"outcome": outcome, "reason": "because it is so"})
        if outcome == "Promoted":
            self.serving = f"config-{len(self.uploads)}"
        if outcome.endswith("Error"):
            execution.error = outcome
        if on_state and outcome in ("Promoted", "DeploymentRolledBackError"):
            on_state("EvaluateModel")
            on_state("DeployModel")
        return execution

    def timeline(self, blue, green):
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def traffic(self, question, requests_per_second):
        assert requests_per_second > 0
        self.under_traffic.append(len(self.uploads))
        yield

    def endpoint_config(self):
        assert self.serving, "there is no endpoint before the first promotion"
        return self.serving

    def newest_training_job(self):
        return "job"

    def ask(self, questions):
        return []


def play(*outcomes):
    stage: Any = FakeStage(*outcomes)
    faults: Any = Faults()
    said = io.StringIO()
    story = Story(stage, SOURCE, Display(Console(file=said, width=200)), [])
    story.play(faults)
    assert stage.outcomes == []
    return stage, story, said.getvalue()


def test_as_told_the_sample_is_promoted_the_broken_model_rolled_back_and_the_mended_one_promoted():
    stage, story, _ = play("Promoted", "DeploymentRolledBackError", "Promoted")
    assert stage.uploads == [b"some", b"all", b"all"]
    assert story.notes == []


def test_whatever_takes_over_from_a_champion_does_so_under_traffic_that_proves_it():
    stage, _, _ = play("Promoted", "DeploymentRolledBackError", "Promoted")
    assert stage.under_traffic == [2, 3]


@pytest.mark.parametrize("verdict", ["ChallengerRejected", "NotComparable", "ChampionCollapsed"])
def test_where_more_rows_make_no_better_model_the_verdict_is_shown_and_the_champion_stays(verdict):
    stage, story, said = play("Promoted", verdict)
    assert stage.serving == "config-1"
    assert len(story.notes) == 1
    assert f"{verdict}: " in said
    assert "why: because it is so" in said
    assert "what next: " in said


@pytest.mark.parametrize("first", ["ChallengerRejected", "DatasetRejected"])
def test_where_the_sample_makes_no_champion_all_rows_may(first):
    stage, _, _ = play(first, "Promoted", "ChallengerRejected")
    assert stage.uploads == [b"some", b"all", b"all"]


def test_where_no_model_is_good_enough_that_is_the_story():
    _, story, said = play("ChallengerRejected", "ChallengerRejected")
    assert "No model of this data is good enough" in story.notes[0]
    assert said.count("because it is so") == 2


@pytest.mark.parametrize(
    "outcomes",
    [
        ("TrainingFailedError",),
        ("Promoted", "TrainingFailedError"),
        ("Promoted", "DeploymentRolledBackError", "DeploymentUnguardedError"),
    ],
)
def test_a_failure_is_no_story_and_its_reason_and_the_way_on_are_told(outcomes):
    with pytest.raises(RehearsalError, match=f"got {outcomes[-1]}: .*because it is so; "):
        play(*outcomes)


def test_a_file_that_the_contract_keeps_out_is_none_to_rehearse_with():
    with pytest.raises(DataFileError, match="because it is so; mend the rows"):
        play("DatasetRejected", "DatasetRejected")


def test_a_broken_model_that_goes_home_before_an_alarm_is_taken_back_all_the_same():
    stage, story, _ = play("Promoted", "DeploymentUnguardedError", "Promoted")
    assert stage.serving == "config-3"
    assert len(story.notes) == 1


def machine():
    return load()["States"]


def test_every_way_in_which_an_execution_may_succeed_has_words_and_a_way_on():
    ends = {name for name, state in machine().items() if state["Type"] == "Succeed"}
    assert ends == {"Promoted", "DatasetRejected", *endings.VERDICTS}
    for outcome in ends:
        execution = Execution("arn", output={"outcome": outcome})
        assert endings.meaning(execution) != endings.meaning(Execution("arn", error="NoSuchError"))
        assert bool(endings.way_on(execution)) == (outcome != "Promoted")


def test_the_report_s_own_advice_is_the_way_on():
    verdict = {"advice": ["Look at the labels.", "Upload again."]}
    execution = Execution("arn", output={"outcome": "ChallengerRejected", "evaluation": {"verdict": verdict}})
    assert endings.way_on(execution) == "Look at the labels. Upload again."


def test_a_promotion_that_nothing_proved_says_so():
    output = {
        "outcome": "Promoted",
        "promotion": {"proof": "unproven"},
        "deployment_status": {"reason": "the green fleet answered 3 of 20 requests"},
    }
    unproven = Execution("arn", output=output)
    assert "too few requests to be proved: the green fleet answered 3 of 20" in endings.meaning(unproven)
    assert "send traffic" in endings.way_on(unproven)
    proven = Execution("arn", output={**output, "promotion": {"proof": "proven"}})
    assert endings.meaning(proven) == "the new model serves"
    assert endings.way_on(proven) == ""


def test_a_mended_model_that_is_no_longer_surely_better_is_told_of():
    """A choice of estimators within a time budget may end otherwise on a busy machine."""
    stage, story, _ = play("Promoted", "DeploymentRolledBackError", "ChallengerRejected")
    assert stage.serving == "config-1"
    assert "not surely better" in story.notes[0]


class Runtime:
    def __init__(self, answer):
        self.answer = answer

    def invoke_endpoint(self, **request):
        self.body = request["Body"]
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"Body": io.BytesIO(self.answer)}


def stage_with(runtime):
    clients = SimpleNamespace(client=lambda name, **_: runtime if name == "sagemaker-runtime" else None)
    return Stage(clients, "http://127.0.0.1:1", {"EndpointName": "shop-dev"})


def test_each_row_is_asked_by_itself_as_its_texts_stand():
    runtime = Runtime(b"12.1\n")
    (prediction,) = stage_with(runtime).ask([QUESTION])
    assert runtime.body == b'age,region\n"41,5",north\n'
    assert (prediction.answered, prediction.actual) == ("12.1", "12.5")


def test_a_refused_row_is_named_and_no_traceback_of_botocore():
    response: Any = {
        "Error": {"Code": "ModelError", "Message": "Received client error (400)"},
        "OriginalStatusCode": 400,
        "OriginalMessage": "age: '41,5' is not a finite number",
    }
    refused = ClientError(response, "InvokeEndpoint")
    with pytest.raises(RehearsalError) as told:
        stage_with(Runtime(refused)).ask([QUESTION])
    assert "400: age: '41,5' is not a finite number" in str(told.value)
    assert "the row that was sent: age='41,5', region='north'" in str(told.value)


def test_an_answer_of_the_wrong_size_names_the_row():
    with pytest.raises(RehearsalError, match=r"one row was sent, 2 answers came.*age='41,5'"):
        stage_with(Runtime(b"1\n2\n")).ask([QUESTION])


@pytest.fixture
def desk(monkeypatch, tmp_path):
    """A folder to rehearse in, without a cloud."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(performance, "_play", lambda *_: "")
    return tmp_path


def result(desk):
    return json.loads((desk / "build/rehearsal.json").read_text())


def test_a_file_that_is_not_described_is_told_how_to_draft_it_and_the_result_is_written(
    desk, monkeypatch, capsys
):
    described(desk, monkeypatch)
    other = saved(desk / "other.csv", "a,b\n" + "1,2\n3,4\n" * 50)
    monkeypatch.setenv("DATA", str(other))
    assert performance.main() == 2
    said = " ".join(capsys.readouterr().out.split())
    assert f"make init DATA={other} TARGET=" in said
    assert "make init" in result(desk)["problem"]
    assert not result(desk)["succeeded"]


def test_with_a_target_the_file_is_drafted_on_the_way(desk, monkeypatch, capsys):
    described(desk, monkeypatch)
    table = [(row[3], *row[:3]) for row in rows(150)]
    monkeypatch.setenv(
        "DATA", str(saved(desk / "sales.csv", text(table, ("price", "age", "region", "member"))))
    )
    monkeypatch.setenv("TARGET", "price")
    assert performance.main() == 0
    assert 'name = "sales"' in (desk / "pipeline.toml").read_text()
    assert 'name = "shop"' in (desk / "pipeline.previous.toml").read_text()
    assert result(desk)["succeeded"]


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_the_task_that_a_person_named_is_drafted(desk, monkeypatch, task):
    described(desk, monkeypatch)
    table = [(str(number % 5 + 1), *row[:3]) for number, row in enumerate(rows(150))]
    monkeypatch.setenv(
        "DATA", str(saved(desk / "wine.csv", text(table, ("stars", "age", "region", "member"))))
    )
    monkeypatch.setenv("TARGET", "stars")
    monkeypatch.setenv("TASK", task)
    assert performance.main() == 0
    assert f'task = "{task}"' in (desk / "pipeline.toml").read_text()


def described(desk, monkeypatch):
    """A pipeline.toml for the shop's table."""
    monkeypatch.setenv("DATA", str(saved(desk / "shop.csv", text(rows(150)))))
    monkeypatch.setenv("TARGET", "spend")
    from operations.draft.drafting import drafted
    from operations.draft.table import table_of

    with table_of(desk / "shop.csv") as table:
        (desk / "pipeline.toml").write_text(drafted(table, "spend")[1])
    monkeypatch.delenv("TARGET")


@pytest.mark.parametrize(
    ("end", "status", "told"),
    [
        (KeyboardInterrupt(), 130, "Interrupted"),
        (SystemExit(143), 143, "Interrupted"),
        (ZeroDivisionError("by zero"), 1, "ZeroDivisionError: by zero"),
    ],
)
def test_the_result_is_written_whatever_ends_the_rehearsal(desk, monkeypatch, end, status, told):
    described(desk, monkeypatch)
    monkeypatch.setattr(interrupts, "ignore", lambda: None)

    def play_a_while(display, source, runs, notes):
        runs.append(Run("first upload", Execution("arn", output={"outcome": "Promoted"})))
        notes.append("something was noted")
        raise end

    monkeypatch.setattr(performance, "_play", play_a_while)
    assert performance.main() == status
    found = result(desk)
    assert told in found["problem"]
    assert not found["succeeded"]
    assert [run["label"] for run in found["runs"]] == ["first upload"]
    assert found["notes"] == ["something was noted"]
    assert ("play_a_while" in found.get("trace", "")) == (status == 1)


def test_a_problem_of_the_cloud_ends_with_its_words_and_the_result(desk, monkeypatch):
    described(desk, monkeypatch)
    monkeypatch.setattr(performance, "_play", lambda *_: "the cloud did not start")
    assert performance.main() == 1
    assert result(desk)["problem"] == "the cloud did not start"
