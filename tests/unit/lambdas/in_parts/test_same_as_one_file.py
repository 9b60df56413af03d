"""Rows are the same dataset in one file and in parts."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tests.unit.lambdas.in_parts.conftest import Intake
from tests.unit.lambdas.ingest_data.test_formats import parquet_of
from tests.unit.lambdas.ingest_data.uploads import COLUMNS, config, csv_of, rows

COUNTS = ("rows", "train_rows", "holdout_rows", "quarantined_rows")


def split(lines: list[str], *sizes: int) -> dict[str, bytes]:
    """CSV parts of so many rows; the last one holds the rest."""
    parts, start = {}, 0
    for number, size in enumerate((*sizes, len(lines))):
        parts[f"part-{number}.csv"] = csv_of(lines[start : start + size])
        start += size
    return parts


def counts(document: dict[str, Any]) -> list[int]:
    return [document[name] for name in COUNTS]


def same_profile(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Exact but for mean and standard deviation, which are combined."""
    for name, column in expected["columns"].items():
        merged = found["columns"][name]
        for moment in ("mean", "standard_deviation"):
            if moment in column:
                assert merged[moment] == pytest.approx(column[moment], rel=1e-12)
                merged[moment] = column[moment]
    assert found == expected


def test_counts_sides_and_profile_are_the_same(intake: Intake) -> None:
    lines = rows(400)
    lines[7] = "7,,INLAND,5"
    lines[150] = "150,1,INLAND,5"  # rooms may be 100 at most
    lines[390] = "1,1,MARS,5"
    whole, parts = intake.whole(csv_of(lines)), intake.in_parts(split(lines, 100, 200))
    assert whole["accepted"]
    assert parts["accepted"]
    assert counts(parts) == counts(whole)
    for side in ("train_uri", "holdout_uri"):
        assert intake.rows(parts[side]) == intake.rows(whole[side])
    same_profile(intake.json(parts["profile_uri"]), intake.json(whole["profile_uri"]))


def test_a_part_may_be_compressed_or_parquet(intake: Intake) -> None:
    lines = rows(300)
    third = {"rooms": [], "income": [], "place": [], "value": []}  # type: dict[str, list[Any]]
    for line in lines[200:]:
        for values, cell in zip(third.values(), line.split(","), strict=True):
            values.append(cell if cell.isalpha() or " " in cell else float(cell))
    document = intake.in_parts(
        {
            "a.csv": csv_of(lines[:100]),
            "deep/b.CSV.gz": gzip.compress(csv_of(lines[100:200])),
            "c.parquet": parquet_of(third),
        }
    )
    whole = intake.whole(csv_of(lines))
    assert counts(document) == counts(whole)
    assert intake.rows(document["holdout_uri"]) == intake.rows(whole["holdout_uri"])


def test_a_classification_counts_its_classes_over_all_parts(intake: Intake) -> None:
    columns = [{"name": "x", "type": "number"}, {"name": "kind", "type": "category"}]
    intake.config = config(columns, target="kind", task="classification", folds=3)
    lines = [f"{i},{'rare' if i % 10 == 4 else 'common'}" for i in range(120)]
    parts = {f"{n}.csv": csv_of(lines[n * 40 : n * 40 + 40], "x,kind") for n in range(3)}
    whole, merged = intake.whole(csv_of(lines, "x,kind")), intake.in_parts(parts)
    assert counts(merged) == counts(whole)
    same_profile(intake.json(merged["profile_uri"]), intake.json(whole["profile_uri"]))
    intake.config = config(columns, target="kind", task="classification", folds=20)
    again = intake.in_parts(parts)
    assert again["message"] == intake.whole(csv_of(lines, "x,kind"))["message"]
    assert "class 'rare' has" in again["message"]


IDENTIFIED = [{"name": "id", "type": "integer", "unique": True}, *COLUMNS[1:]]
IDS = "id,income,place,value"


def identified(*ids: int) -> list[str]:
    return [f"{i},{i / 10},INLAND,{1000 + i}" for i in ids]


@pytest.mark.parametrize("bytes_of_share", [100, 10**9])
@pytest.mark.parametrize("identifiers", [[], ["id"], ["id", "place"]])
def test_rows_that_parts_repeat_of_each_other_are_set_aside_as_in_one_file(
    intake: Intake, identifiers: list[str], bytes_of_share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdas.datasets.checks.violations._BYTES_OF_SHARE", bytes_of_share)
    intake.config = config(IDENTIFIED, identifiers=identifiers, bad_row_tolerance_share=0.2)
    one, two = identified(*range(100), 5), identified(*range(100, 180), 17, 150, 3)
    three = [*identified(*range(180, 240), 3, 170), "-,1,INLAND,1"]
    whole = intake.whole(csv_of([*one, *two, *three], IDS))
    merged = intake.in_parts({f"{n}.csv": csv_of(part, IDS) for n, part in enumerate((one, two, three))})
    assert counts(merged) == counts(whole)
    assert merged["quarantined_rows"] == 7
    for side in ("train_uri", "holdout_uri"):
        assert intake.rows(merged[side]) == intake.rows(whole[side])
    same_profile(intake.json(merged["profile_uri"]), intake.json(whole["profile_uri"]))
    told = [
        {name: row[name] for name in ("column", "rule", "value")}
        for row in intake.rows(merged["quarantine_uri"])
    ]
    aside = [
        {name: row[name] for name in ("column", "rule", "value")}
        for row in intake.rows(whole["quarantine_uri"])
    ]
    assert sorted(map(str, told)) == sorted(map(str, aside))
    violations = intake.json(merged["manifest_uri"])["violations"]
    assert [(v["column"], v["rule"], v["count"]) for v in violations] == [
        (v["column"], v["rule"], v["count"]) for v in intake.json(whole["manifest_uri"])["violations"]
    ]


def test_quarantine_names_the_part_beside_the_line(intake: Intake) -> None:
    intake.config = config(IDENTIFIED, bad_row_tolerance_share=0.5)
    quoted = ['"1","1","INLAND","5"', '2,"\n7",INLAND,6', "", "3,1,INLAND,5", "9,1", "4,1,MARS,5"]
    document = intake.in_parts(
        {
            "a.csv": csv_of(identified(*range(3, 60)), IDS),
            "b.csv": csv_of(quoted, IDS),
            "c.csv": csv_of([*identified(*range(100, 140)), "5,1,INLAND,1"], IDS),
        }
    )
    rows_aside = intake.rows(document["quarantine_uri"])
    found = {(row["part"], row["line"], row["column"], row["rule"]) for row in rows_aside}
    assert found == {
        ("b.csv", 3, "", "csv"),  # a quote of a number's field goes on over a line
        ("b.csv", 4, "", "csv"),
        ("b.csv", 6, "id", "unique"),
        ("b.csv", 7, "", "csv"),
        ("b.csv", 8, "id", "unique"),
        ("b.csv", 8, "place", "category"),
        ("c.csv", 42, "id", "unique"),
    }
    assert document["quarantined_rows"] == 6
