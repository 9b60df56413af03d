"""The contract is asked of the whole dataset, and the manifest of everything that it says."""

from __future__ import annotations

import gzip
import json
from typing import Any

import boto3
import pytest

from contracts.errors import UploadMissingError
from lambdas.ingest_part.handler import handler as ingest_part
from lambdas.list_parts.handler import handler as list_parts
from tests.unit.lambdas.in_parts.conftest import FOLDER, PARTS, Intake
from tests.unit.lambdas.ingest_data.uploads import config, csv_of, rows

BAD = [f"{i},1,MARS,{i}" for i in range(10)]


def test_a_part_that_is_wholly_bad_may_be_within_the_tolerance(intake: Intake) -> None:
    document = intake.in_parts({"good.csv": csv_of(rows(90)), "bad.csv": csv_of(BAD)})
    assert document["accepted"]
    assert (document["rows"], document["quarantined_rows"]) == (100, 10)
    assert all("part-00000" in key for key in intake.keys(document["train_uri"].partition("artifacts/")[2]))


def test_past_the_tolerance_the_whole_is_rejected_and_the_part_named(intake: Intake) -> None:
    document = intake.in_parts({"good.csv": csv_of(rows(80)), "bad.csv": csv_of(BAD)})
    assert document["accepted"] is False
    assert "10 of 90 rows break the contract" in document["message"]
    assert "in 'bad.csv', column 'place', first at line 2, 10 rows" in document["message"]
    assert intake.keys("datasets/") == []
    assert document["quarantine_uri"] == f"s3://artifacts/rejected/{document['version']}/quarantine/"
    kept = intake.rows(document["quarantine_uri"])
    assert [(row["part"], row["line"]) for row in kept] == [("bad.csv", line) for line in range(2, 12)]


def test_repetitions_past_the_tolerance_are_kept_too(intake: Intake) -> None:
    columns: list[dict[str, Any]] = [
        {"name": "id", "type": "integer", "unique": True},
        {"name": "value", "type": "number"},
    ]
    intake.config = config(columns)
    part = csv_of([f"{i},{i}" for i in range(50)], "id,value")
    document = intake.in_parts({"a.csv": part, "b.csv": part})
    assert "50 of 100 rows break the contract" in document["message"]
    assert "in 'b.csv', column 'id', first at line 2, 50 rows" in document["message"]
    kept = intake.rows(document["quarantine_uri"])
    assert {(row["part"], row["rule"]) for row in kept} == {("b.csv", "unique")}
    assert len(kept) == 50


def test_parts_that_break_no_rule_leave_nothing_where_they_are_rejected(intake: Intake) -> None:
    document = intake.in_parts({"a.csv": csv_of(rows(5))})
    assert document["accepted"] is False
    assert "quarantine_uri" not in document
    assert intake.keys("rejected/") == []


def test_a_part_without_rows_adds_nothing(intake: Intake) -> None:
    document = intake.in_parts({"empty.csv": csv_of([]), "good.csv": csv_of(rows(60))})
    assert (document["accepted"], document["rows"]) == (True, 60)


def test_parts_without_rows_are_no_dataset(intake: Intake) -> None:
    assert "no rows" in intake.in_parts({"a.csv": csv_of([]), "b.csv": csv_of([])})["message"]


def test_too_few_rows_are_those_of_all_parts(intake: Intake) -> None:
    intake.config = config(min_rows=50)
    parts = {f"{n}.csv": csv_of(rows(60)[n * 20 : n * 20 + 20]) for n in range(3)}
    assert intake.in_parts(parts)["accepted"]
    del parts["0.csv"]
    assert "40 good rows are too few" in intake.in_parts(parts)["message"]


def test_a_target_is_constant_only_if_it_is_so_in_all_parts(intake: Intake) -> None:
    ones, twos = (csv_of([f"{i},1,INLAND,{value}" for i in range(40)]) for value in (1, 2))
    assert intake.in_parts({"a.csv": ones, "b.csv": twos})["accepted"]
    assert "the target is always '1.0'" in intake.in_parts({"a.csv": ones, "b.csv": ones})["message"]


def test_a_column_is_empty_only_if_it_is_so_in_all_parts(intake: Intake) -> None:
    without = csv_of([f"{i},,INLAND,{i}" for i in range(1, 41)])
    assert intake.in_parts({"a.csv": without, "b.csv": csv_of(rows(40))})["accepted"]
    assert "no row has a value (column 'income')" in intake.in_parts({"a.csv": without})["message"]


def test_every_part_that_cannot_be_read_is_named(intake: Intake) -> None:
    document = intake.in_parts(
        {
            "fine.csv": csv_of(rows(60)),
            "other.csv": csv_of(rows(60), "a,b,c,d"),
            "torn.csv.gz": gzip.compress(csv_of(rows(60)))[:-12],
            "none.parquet": b"PAR1",
        }
    )
    assert document["accepted"] is False
    for part in ("other.csv", "torn.csv.gz", "none.parquet"):
        assert f"in '{part}'" in document["message"]
    assert "fine.csv" not in document["message"]
    assert {fault["part"] for fault in document["faults"]} == {"other.csv", "torn.csv.gz", "none.parquet"}


def test_the_version_is_of_the_parts_contents_in_their_order(intake: Intake) -> None:
    first, second = csv_of(rows(60)[:30]), csv_of(rows(60)[30:])
    versions = [
        intake.in_parts(parts)["version"]
        for parts in ({"a.csv": first, "b.csv": second}, {"x.csv": first, "y.csv": second})
    ]
    assert versions[0] == versions[1]
    assert intake.in_parts({"a.csv": second, "b.csv": first})["version"] != versions[0]


def test_a_second_run_of_every_state_writes_the_same_objects(intake: Intake) -> None:
    listed = intake.listed({"a.csv": csv_of(rows(60)[:30]), "b.csv": csv_of([*rows(60)[30:], BAD[0]])})
    document = intake.merged(listed)
    before = {key: intake.get(f"s3://artifacts/{key}") for key in intake.keys("")}
    assert intake.merged(listed) == document
    assert {key: intake.get(f"s3://artifacts/{key}") for key in intake.keys("")} == before


def test_the_manifest_leads_back_to_the_parts_that_were_read(intake: Intake) -> None:
    document = intake.in_parts({"a.csv": csv_of(rows(60)[:30]), "b.csv": csv_of(rows(60)[30:])})
    source = intake.json(document["manifest_uri"])["source"]
    assert source["uri"] == f"s3://raw/{FOLDER}manifest.json"
    assert [(part["part"], part["rows"]) for part in source["parts"]] == [("a.csv", 30), ("b.csv", 30)]
    assert all(part["version_id"] and len(part["sha256"]) == 64 for part in source["parts"])
    for name in intake.json(document["manifest_uri"])["files"]:
        assert intake.get(document["uri"] + name)


def test_a_part_that_is_overwritten_later_is_read_as_it_was(intake: Intake) -> None:
    listed = intake.listed({"a.csv": csv_of(rows(60))})
    intake.put(f"{PARTS}a.csv", b"something else")
    assert intake.merged(listed)["rows"] == 60


def test_a_part_whose_version_is_gone_is_an_error_and_no_rejection(intake: Intake) -> None:
    listed = intake.listed({"a.csv": csv_of(rows(60))})
    (item,) = intake.items(listed)
    boto3.client("s3").delete_object(Bucket="raw", Key=item["key"], VersionId=item["version_id"])
    with pytest.raises(UploadMissingError, match=r"june/parts/a\.csv"):
        ingest_part(item, intake.context)


def test_the_contract_is_the_one_that_the_list_was_made_under(intake: Intake) -> None:
    listed = intake.listed({"a.csv": csv_of(rows(60))})
    intake.config = config(min_rows=1000)
    assert intake.merged(listed)["accepted"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a.csv\nb.csv\n", "it is no JSON"),
        (b"\xff\xfe", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b'{"format_version": 1, "parts": ["a.csv"], "parts": ["b.csv"]}', "'parts' is there 2 times"),
        (b'["a.csv"]', "it has the form"),
        (b'{"format_version": 2, "parts": ["a.csv"]}', "format_version is not 1"),
        (b'{"parts": ["a.csv"]}', "format_version is not 1"),
        (b'{"format_version": 1}', "no list of texts"),
        (b'{"format_version": 1, "parts": ["a.csv", 7]}', "no list of texts"),
        (b'{"format_version": 1, "parts": [], "x": 1}', "unknown keys: 'x'"),
        (b" " * 1_000_001, "larger than 1,000,000 bytes"),
    ],
)
def test_what_is_no_manifest_is_told(intake: Intake, content: bytes, reason: str) -> None:
    document = list_parts(intake.manifest(content), intake.context)
    assert document["accepted"] is False
    assert reason in document["message"]
    assert "in 'manifest.json'" in document["message"]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([], "it names no part"),
        (["a.csv", "a.csv"], "it names 'a.csv' 2 times"),
        (["../other/a.csv"], "not inside of its folder"),
        (["b/../../a.csv"], "not inside of its folder"),
        (["/incoming/a.csv"], "not inside of its folder"),
        (["b//a.csv"], "not inside of its folder"),
        ([""], "not inside of its folder"),
        (["a.csv", "notes.txt"], "'notes.txt', whose ending is none of .csv, .csv.gz, .tsv"),
        (["manifest.json"], "whose ending is none of"),
        (["a\n.csv"], "characters that are not text"),
        (["\ud800.csv"], "characters that are not text"),
        (["ä" * 600 + ".csv"], "longer than 1,024 bytes"),
        ([f"{n}.csv" for n in range(1001)], "it names 1,001 parts"),
        (["there.csv", "gone.csv", "absent.csv"], "there is no object"),
    ],
)
def test_what_a_manifest_may_not_name_is_told(intake: Intake, names: list[str], reason: str) -> None:
    intake.put(f"{PARTS}there.csv", csv_of(rows(60)))
    intake.put(f"{PARTS}gone.csv", csv_of(rows(60)))
    boto3.client("s3").delete_object(Bucket="raw", Key=f"{PARTS}gone.csv")
    document = list_parts(intake.manifest(names), intake.context)
    assert document["accepted"] is False
    assert reason in document["message"]
    assert json.dumps(document)
    assert len(document["message"]) < 2000
    assert intake.keys("") == []


def test_all_missing_parts_are_told_at_once(intake: Intake) -> None:
    intake.put(f"{PARTS}a.csv", b"x")
    faults = list_parts(intake.manifest(["a.csv", "b.csv", "c.csv"]), intake.context)["faults"]
    assert [fault["part"] for fault in faults] == ["b.csv", "c.csv"]


def test_parts_have_no_places_in_one_file(intake: Intake) -> None:
    intake.config = config(split={"by": "position"})
    document = intake.in_parts({"a.csv": csv_of(rows(60))})
    assert not document["accepted"]
    assert 'by = "position" is for one file: name identifiers or a group' in document["message"]
