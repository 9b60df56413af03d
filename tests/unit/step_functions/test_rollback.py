"""An execution that goes back instead of forward."""

from __future__ import annotations

import json

from tests.unit.step_functions.definition import CONTEXT, DEFINITION, STATES, choose, evaluate

ROLLBACK = {"rollback": {"from_package_arn": "arn:7", "reason": "complaints"}}
FOUND = {"training": {"job_name": "housing-dev-6"}, "registration": {"model_package_arn": "arn:6"}}


def test_an_execution_begins_by_its_input() -> None:
    assert DEFINITION["StartAt"] == "IsRollback"
    assert choose("IsRollback", ROLLBACK) == ("AcquireLease", ROLLBACK)
    assert choose("IsRollback", {"bucket": "raw"}) == ("CheckPreconditions", {"bucket": "raw"})


def test_a_rollback_has_no_place_in_the_uploads_order() -> None:
    acquire = STATES["AcquireLease"]["Arguments"]["Payload"]
    assert evaluate(acquire, ROLLBACK)["upload_order"] == ""
    released = evaluate(STATES["ReleaseLease"]["Arguments"]["Payload"], {**ROLLBACK, "promotion": {"a": 1}})
    assert released == {"holder": CONTEXT["Execution"]["Id"], "upload_order": "", "promoted": True}


def test_with_the_lease_held_the_previous_champion_is_looked_up_and_deployed() -> None:
    held = {**ROLLBACK, "lease": {"status": "acquired", "champion_arn": "arn:7", "token": 3}}
    assert choose("IsLeaseAcquired", held)[0] == "FindPreviousChampion"
    assert choose("IsLeaseAcquired", {**held, "lease": {"status": "waiting"}})[0] == "WaitForLease"
    state = STATES["FindPreviousChampion"]
    asked = evaluate(state["Arguments"]["Payload"], held)
    assert asked == {"rollback": ROLLBACK["rollback"]}
    document = evaluate(state["Output"], held, result={"Payload": FOUND})
    assert document == {**held, **FOUND}
    assert choose(state["Next"], document) == ("DeployModel", document)
    needless = {**document, "rollback": {"is_needless": True}}
    assert choose(state["Next"], needless)[0] == "ReleaseLease"
    deployed = evaluate(STATES["DeployModel"]["Arguments"]["Payload"], document)
    assert (deployed["training"], deployed["registration"]) == (FOUND["training"], FOUND["registration"])


def test_whoever_cleans_up_knows_that_the_model_was_champion_once() -> None:
    failed = {**ROLLBACK, **FOUND, "error": {"name": "E", "message": "m"}}
    assert choose("WhatIsLeftBehind", failed)[0] == "RejectChallenger"
    payload = evaluate(STATES["RejectChallenger"]["Arguments"]["Payload"], failed)
    assert payload["rollback"] == ROLLBACK["rollback"]
    assert payload["training_job_name"] == "housing-dev-6"
    promoted = {**ROLLBACK, **FOUND, "deployment": {"config_name": "housing-dev-6"}}
    payload = evaluate(STATES["PromoteChampion"]["Arguments"]["Payload"], promoted)
    assert payload["rollback"] == ROLLBACK["rollback"]


def test_a_rollback_that_found_nothing_lets_the_lease_go_and_operators_know() -> None:
    failed = {**ROLLBACK, "lease": {"status": "acquired"}, "error": {"name": "E", "message": "m"}}
    assert choose("WhatIsLeftBehind", failed)[0] == "ReleaseLease"
    assert choose("HowDidItEnd", failed)[0] == "NotifyOperators"
    message = json.loads(evaluate(STATES["NotifyOperators"]["Arguments"]["Message"], failed))
    assert message["rollback"] == ROLLBACK["rollback"]
