"""A dataset in parts joins the way of any other once its parts are one."""

from __future__ import annotations

import pytest

from tests.unit.step_functions.definition import PART_STATES, STATES, choose, evaluate

UPLOAD = {"bucket": "raw", "key": "incoming/june/manifest.json", "versionId": "v1", "sequencer": "0055"}
PARTS = {"accepted": True, "list": "0a1b", "items_key": "parts/0a1b/items.json", "count": 3}
REJECTED = {"accepted": False, "message": "manifest: it names no part", "faults": []}
ITEM = {"list": "0a1b", "number": 0, "part": "a.csv", "bucket": "raw", "key": "incoming/june/parts/a.csv"}


def test_a_manifest_is_read_for_its_parts() -> None:
    assert choose("IsInParts", UPLOAD) == ("ListParts", UPLOAD)
    payload = evaluate(STATES["ListParts"]["Arguments"]["Payload"], UPLOAD)
    assert payload == {"bucket": "raw", "key": UPLOAD["key"], "version_id": "v1", "sequencer": "0055"}


@pytest.mark.parametrize(
    "key", ["incoming/a.csv", "incoming/manifest.json.csv", "incoming/my-manifest.csv.gz"]
)
def test_any_other_upload_is_a_dataset_by_itself(key: str) -> None:
    assert choose("IsInParts", {**UPLOAD, "key": key})[0] == "IngestData"


def test_a_manifest_that_names_no_sound_parts_is_a_rejected_dataset() -> None:
    target, document = choose("AreTherePartsToRead", {**UPLOAD, "parts": REJECTED})
    assert target == "IsDatasetAccepted"
    target, document = choose(target, document)
    assert target == "NotifyDatasetRejected"
    assert (document["outcome"], document["reason"]) == ("DatasetRejected", REJECTED["message"])


def test_the_map_reads_its_items_from_the_list_and_no_failed_part_is_passed_over() -> None:
    document = {**UPLOAD, "parts": PARTS}
    assert choose("AreTherePartsToRead", document) == ("IngestParts", document)
    state = STATES["IngestParts"]
    assert evaluate(state["ItemReader"]["Arguments"], document)["Key"] == "parts/0a1b/items.json"
    assert (state["ToleratedFailureCount"], state["Label"]) == (0, "IngestParts")
    assert evaluate(state["Output"], document, result=[{"rows": 1}] * 3) == document
    assert evaluate(PART_STATES["IngestPart"]["Arguments"]["Payload"], ITEM) == ITEM


def test_the_merged_dataset_stands_where_that_of_one_upload_does() -> None:
    document = {**UPLOAD, "parts": PARTS}
    assert evaluate(STATES["MergeParts"]["Arguments"]["Payload"], document) == {"parts": PARTS}
    merged = evaluate(STATES["MergeParts"]["Output"], document, result={"Payload": {"accepted": True}})
    assert merged["dataset"] == {"accepted": True}
    assert STATES["MergeParts"]["Next"] == STATES["IngestData"]["Next"] == "IsDatasetAccepted"


def test_a_part_that_failed_says_how() -> None:
    failed = evaluate(
        PART_STATES["IngestPart"]["Catch"][0]["Output"], ITEM, error={"Error": "E", "Cause": "c"}
    )
    assert evaluate(PART_STATES["PartFailed"]["Error"], failed) == "E"
    assert evaluate(PART_STATES["PartFailed"]["Cause"], failed) == "c"
    assert evaluate(PART_STATES["PartFailed"]["Cause"], {"Error": "States.Timeout"}) == ""
