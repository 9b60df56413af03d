"""The state machine and the functions spell every key of the execution's document alike."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any, get_args, get_origin

import pytest

from contracts.documents.document import Document, kinds_of
from contracts.documents.execution import KEYS, STATES, Error, Failure
from contracts.documents.requests import IngestPartRequest
from contracts.names import folder_of
from tests.unit import documents as sample
from tests.unit.step_functions import definition
from tests.unit.step_functions.definition import PART_STATES, ROOT, TASKS, evaluate

ERROR = Error(name="E", message="m", state="DeployModel")
ITEM = IngestPartRequest(
    list="0a1b", number=0, part="a.csv", bucket="raw", key="incoming/a", version_id="v", sample_rows=9
)
PROMOTED: dict[str, Any] = {
    **sample.UPLOAD,
    "preconditions": sample.PRECONDITIONS.as_document(),
    "parts": sample.PARTS.as_document(),
    "dataset": sample.DATASET.as_document(),
    "training": sample.TRAINING.as_document(),
    "evaluation": sample.EVALUATION.as_document(),
    "registration": sample.REGISTRATION.as_document(),
    "approval": sample.APPROVAL.as_document(),
    "lease": sample.LEASE.as_document(),
    "deployment": sample.DEPLOYMENT.as_document(),
    "deployment_status": sample.DEPLOYMENT_STATUS.as_document(),
    "promotion": sample.PROMOTION.as_document(),
    "release": sample.RELEASE.as_document(),
    "outcome": "Promoted",
    "reason": "better",
}
GONE_BACK = {**PROMOTED, "rollback": sample.ROLLBACK.as_document(), "error": ERROR.as_document()}
for _name in (*sample.UPLOAD, "preconditions", "parts", "dataset", "evaluation", "outcome", "promotion"):
    del GONE_BACK[_name]
NOT_CHECKED_YET = {name: value for name, value in PROMOTED.items() if name != "deployment_status"}
DOCUMENTS = {
    "promoted": PROMOTED,
    "not checked yet": NOT_CHECKED_YET,
    "rejected": {**PROMOTED, "rejection": sample.REJECTION.as_document(), "error": ERROR.as_document()},
    "gone back": GONE_BACK,
}
# Which of them come by a state; all others do by each.
NO_UPLOAD = {
    *("IngestData", "ListParts", "IngestPart", "MergeParts", "EvaluateModel", "RegisterModel"),
    "RequestApproval",
}
NO_ROLLBACK = {"FindPreviousChampion"}
NEEDS_STATUS = {"ReturnHome", "PromoteChampion"}
ANSWERS: dict[str, tuple[Document, ...]] = {
    "CheckPreconditions": (sample.PRECONDITIONS,),
    "IngestData": (sample.DATASET, sample.REJECTED_DATASET),
    "ListParts": (sample.PARTS, sample.REJECTED_DATASET),
    "MergeParts": (sample.DATASET, sample.REJECTED_DATASET),
    "EvaluateModel": (sample.EVALUATION,),
    "RegisterModel": (sample.REGISTRATION,),
    "RequestApproval": (sample.APPROVAL,),
    "AcquireLease": (sample.LEASE,),
    "DeployModel": (sample.DEPLOYMENT,),
    "CheckDeployment": (sample.DEPLOYMENT_STATUS,),
    "ReturnHome": (sample.DEPLOYMENT,),
    "PromoteChampion": (sample.PROMOTION,),
    "RejectChallenger": (sample.REJECTION,),
    "ReleaseLease": (sample.RELEASE,),
}


def payloads(name: str) -> list[dict[str, Any]]:
    """What the state asks its function, of every document that comes by."""
    template = TASKS[name]["Arguments"]["Payload"]
    if name in PART_STATES:
        return [evaluate(template, ITEM.as_document())]
    skipped = {"gone back"} if name in NO_UPLOAD | {"CheckPreconditions"} else set()
    skipped |= {"promoted", "not checked yet", "rejected"} if name in NO_ROLLBACK else set()
    skipped |= {"not checked yet"} if name in NEEDS_STATUS else set()
    return [evaluate(template, document) for key, document in DOCUMENTS.items() if key not in skipped]


def unknown(kind: Any, value: Any, place: str) -> Iterator[str]:
    """Keys of a value that its class does not know, however deep."""
    members = [member for member in get_args(kind) if member is not NoneType]
    if isinstance(kind, type) and issubclass(kind, Document):
        kinds = kinds_of(kind)
        for key, item in value.items():
            yield from unknown(kinds[key], item, f"{place}.{key}") if key in kinds else [f"{place}.{key}"]
    elif get_origin(kind) is tuple:
        for item in value:
            yield from unknown(members[0], item, place)
    elif get_origin(kind) is not Mapping and len(members) == 1 and value is not None:
        yield from unknown(members[0], value, place)


def test_every_function_of_the_state_machine_has_a_request() -> None:
    functions = {name for name, task in TASKS.items() if "FunctionName" in task["Arguments"]}
    assert set(STATES) == functions
    assert all(state.request.__name__ == f"{name}Request" for name, state in STATES.items())


@pytest.mark.parametrize("name", STATES)
def test_a_state_asks_what_its_request_reads_and_nothing_else(name: str) -> None:
    request, asked = STATES[name].request, payloads(name)
    assert asked
    for payload in asked:
        request.read(payload)
        assert not list(unknown(request, payload, name))
    assert {key for payload in asked for key in payload} == set(kinds_of(request))


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_stands_under_its_key_and_changes_no_other(name: str) -> None:
    state = STATES[name]
    assert {type(answer) for answer in ANSWERS[name]} == set(state.answers)
    for answer in ANSWERS[name]:
        given = answer.as_document()
        # Whoever answers with a token gives the document itself.
        result = given if TASKS[name]["Resource"].endswith(".waitForTaskToken") else {"Payload": given}
        after = evaluate(TASKS[name]["Output"], PROMOTED, result=result)
        assert type(answer).read(after[state.key]) == answer
        dropped = {"approval"} if name == "CheckPreconditions" else set()
        kept = {key: value for key, value in PROMOTED.items() if key not in dropped}
        assert after == {**kept, state.key: answer.as_document()}


def test_every_key_is_some_states_the_input_or_the_state_machines_own() -> None:
    own = {"training", "failure", "error", "outcome", "reason"}
    given = {state.key for state in STATES.values()} - {""}
    assert set(KEYS) == given | own | set(sample.UPLOAD) | {"rollback"}
    for name, state in STATES.items():
        assert set(state.answers) <= set(KEYS.get(state.key, state.answers)), name


PATH = re.compile(r"\$states\.input((?:\.[A-Za-z_]\w*)+)")
# A part's child execution has a document of its own.
ON_THE_WAY = {
    name: {key: value for key, value in state.items() if key != "ItemProcessor"}
    for name, state in definition.STATES.items()
}
PATHS = sorted(set(PATH.findall(json.dumps(ON_THE_WAY))))


@pytest.mark.parametrize("path", PATHS)
def test_every_place_that_an_expression_reads_is_in_the_document(path: str) -> None:
    first, *rest = path.removeprefix(".").split(".")
    kinds: tuple[Any, ...] = KEYS[first]
    for key in rest:
        fields = {name: kind for k in kinds for name, kind in kinds_of(k).items()}
        assert key in fields, f"{path}: there is {sorted(fields)}"
        kinds = tuple(get_args(fields[key])) or (fields[key],)
        kinds = tuple(k for k in kinds if isinstance(k, type) and issubclass(k, Document))


def test_the_expressions_read_much_of_the_document() -> None:
    assert len(PATHS) > 40
    assert ".lease.champion_arn" in PATHS


def test_what_the_state_machine_writes_itself_is_what_its_classes_say() -> None:
    result = {
        "TrainingJobName": "j",
        "TrainingJobArn": "a",
        "TrainingJobStatus": "Completed",
        "FailureReason": "none",
        "ModelArtifacts": {"S3ModelArtifacts": "s3://m"},
    }
    for name in ("TrainModel", "FindTrainingJob"):
        training = evaluate(TASKS[name]["Output"], PROMOTED, result=result)["training"]
        (kind,) = KEYS["training"]
        assert kind.read(training).model_data_uri == "s3://m"
        assert not list(unknown(kind, training, name))
    for name, task in TASKS.items():
        for rule in task["Catch"]:
            caught = evaluate(rule["Output"], {"a": 1}, error={"Error": "E", "Cause": "c"})
            if rule["Next"] == "DescribeFailure":
                assert Failure.read(caught["failure"]).Cause, name
                assert not list(unknown(Failure, caught["failure"], name))
            elif "error" in caught:
                assert Error.read(caught["error"]).message == "c", name
                assert not list(unknown(Error, caught["error"], name))


@pytest.mark.parametrize("name", sorted(set(STATES) - {"CheckPreconditions"}))
def test_a_handler_reads_its_own_request(name: str) -> None:
    source = (ROOT / "lambdas" / folder_of(name) / "handler.py").read_text(encoding="utf-8")
    reads = {
        node.func.value.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "read"
        and isinstance(node.func.value, ast.Name)
    }
    assert STATES[name].request.__name__ in reads
