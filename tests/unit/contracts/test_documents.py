"""A document is read as strictly as its reader needs it, and says what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.documents.deployments import Deployment, Rollback
from contracts.documents.document import Document
from contracts.documents.models import Evaluation, Training
from contracts.documents.requests import AcquireLeaseRequest, CheckDeploymentRequest
from contracts.errors import DocumentError
from tests.unit import documents as sample

CHECK: dict[str, Any] = {
    "holder": "me",
    "now": "2026-11-22T02:50:00Z",
    "deployment": sample.DEPLOYMENT.as_document(),
    "lease": sample.LEASE.as_document(),
    "seen": {},
}
SAMPLES = [value for value in vars(sample).values() if isinstance(value, Document)]


@pytest.mark.parametrize("value", SAMPLES, ids=lambda v: type(v).__name__)
def test_what_was_written_is_read_again(value: Document) -> None:
    assert type(value).read(value.as_document()) == value


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hold": "me"}, "CheckDeployment: holder is missing; there is deployment, hold, lease, now, seen"),
        ({"holder": 7}, "CheckDeployment.holder: expected a text, found 7"),
        (
            {"lease": {"token": 7}},
            "CheckDeployment.lease: status, reason, champion_arn are missing",
        ),
        ({"lease": {**CHECK["lease"], "token": "7"}}, "CheckDeployment.lease.token: expected"),
        (
            {"lease": {**CHECK["lease"], "token": True}},
            "CheckDeployment.lease.token: expected",
        ),
        ({"lease": None}, "CheckDeployment.lease: expected a table, found None"),
        (
            {"deployment": {**CHECK["deployment"], "guards": {"a": 1}}},
            "CheckDeployment.deployment.guards.a: expected a text, found 1",
        ),
        (
            {"deployment": {**CHECK["deployment"], "watch": {"min_green_requests": 1}}},
            "CheckDeployment.deployment.watch: evidence_wait_seconds, when_unproven are missing",
        ),
    ],
)
def test_a_request_that_is_wrong_names_state_key_and_what_was_there(
    changes: dict[str, object], message: str
) -> None:
    event = {**CHECK, **changes}
    if "hold" in event:
        del event["holder"]
    with pytest.raises(DocumentError) as caught:
        CheckDeploymentRequest.read(event)
    assert str(caught.value).startswith(message)


def test_a_list_of_the_wrong_kind_is_told_by_its_place() -> None:
    evaluation = sample.EVALUATION.as_document()
    with pytest.raises(DocumentError, match=r"Evaluation\.verdict\.advice\[0\]: expected a text, found 3"):
        Evaluation.read({**evaluation, "verdict": {**evaluation["verdict"], "advice": [3]}})


def test_keys_of_a_newer_or_older_stack_are_passed_over() -> None:
    asked = {"holder": "me", "now": "2026-11-22T02:50:00Z", "upload_order": "", "more": 1}
    assert AcquireLeaseRequest.read(asked).holder == "me"


def test_a_wish_that_a_person_misspelt_is_not_taken_for_another() -> None:
    with pytest.raises(DocumentError, match=r"Rollback: to_verson is unknown; .* known are from_"):
        Rollback.read({"to_verson": 5})


def test_jsonatas_whole_numbers_are_whole() -> None:
    read = Rollback.read({"to_version": 5.0})
    assert (read.to_version, type(read.to_version)) == (5, int)
    with pytest.raises(DocumentError, match=r"to_version: expected a whole number, found 5\.5"):
        Rollback.read({"to_version": 5.5})


def test_what_is_not_known_is_left_out_for_exists_and_what_is_null_stays() -> None:
    assert Training(job_name="j").as_document() == {"job_name": "j", "model_data_uri": ""}
    assert sample.EVALUATION.as_document()["champion"] is None
    begun = Deployment(endpoint_name="e", config_name="c", alarm_prefix="p", check_after_seconds=10)
    assert not {"guards", "exempt", "watch", "going_home"} & set(begun.as_document())
