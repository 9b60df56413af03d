"""Bad rows are set aside with rule, column, value and line; too many of them reject the upload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lambdas.datasets.checks.violations import shares_of
from lambdas.ingest_data.ingestion import HOLDOUT, QUARANTINE, TRAIN, Dataset
from tests.unit.lambdas.ingest_data.uploads import COLUMNS, config, csv_of, ingested, rejected, rows


def quarantine(dataset: Dataset) -> list[tuple[int, str, str, str | None]]:
    found = pq.read_table(dataset.directory / QUARANTINE).to_pylist()
    return [(row["line"], row["column"], row["rule"], row["value"]) for row in found]


def with_row(line: str, at: int = 10) -> bytes:
    """A sound upload with one row replaced: row 1 stands on line 2."""
    lines = rows()
    lines[at - 1] = line
    return csv_of(lines)


@pytest.mark.parametrize(
    ("line", "column", "rule", "value"),
    [
        ("old,1,INLAND,5", "rooms", "type", "old"),
        (",1,INLAND,5", "rooms", "missing", None),
        ("-1,1,INLAND,5", "rooms", "min", "-1"),
        ("100.5,1,INLAND,5", "rooms", "max", "100.5"),
        ("inf,1,INLAND,5", "rooms", "finite", "inf"),
        ("1,-inf,INLAND,5", "income", "finite", "-inf"),
        ("1,nan,INLAND,5", "income", "finite", "nan"),
        ("1,1,MARS,5", "place", "category", "MARS"),
        ("1,1,inland,5", "place", "category", "inland"),
        ("1_0,1,INLAND,5", "rooms", "type", "1_0"),
        ('1,1,INLAND,"1.234,5"', "value", "type", "1.234,5"),
        ("1,1,INLAND,=1+1", "value", "type", "=1+1"),
    ],
)
def test_a_bad_row_goes_to_quarantine(
    tmp_path: Path, line: str, column: str, rule: str, value: str | None
) -> None:
    dataset = ingested(with_row(line), tmp_path)
    assert (dataset.rows, dataset.quarantined_rows) == (40, 1)
    assert quarantine(dataset) == [(11, column, rule, value)]
    assert dataset.train_rows + dataset.holdout_rows == 39


def test_a_row_with_several_faults_is_one_row_with_several_reasons(tmp_path: Path) -> None:
    dataset = ingested(with_row("x,1,MARS,"), tmp_path)
    assert dataset.quarantined_rows == 1
    assert [(column, rule) for _, column, rule, _ in quarantine(dataset)] == [
        ("place", "category"),
        ("rooms", "type"),
        ("value", "missing"),
    ]


def test_an_empty_nullable_field_is_a_missing_value_and_no_fault(tmp_path: Path) -> None:
    dataset = ingested(with_row('1,"",INLAND,5'), tmp_path)
    assert dataset.quarantined_rows == 0
    assert dataset.profile["columns"]["income"]["missing"] == 1


@pytest.mark.parametrize(("line", "fields"), [("1,2,INLAND", "3"), ("1,2,INLAND,5,6", "5")])
def test_a_row_of_too_few_or_too_many_fields_is_malformed(tmp_path: Path, line: str, fields: str) -> None:
    dataset = ingested(with_row(line), tmp_path)
    ((number, column, rule, value),) = quarantine(dataset)
    assert (number, column, rule) == (11, "", "csv")
    assert value is not None
    assert line in value
    assert (dataset.rows, dataset.quarantined_rows) == (40, 1)


def test_past_the_tolerance_the_upload_is_rejected_with_column_rule_line_and_count(tmp_path: Path) -> None:
    lines = rows()
    for row in (7, 8, 9, 20, 30):
        lines[row] = "old,1,INLAND,5"
    lines[12] = "1,1,MARS,5"
    assert rejected(csv_of(lines), tmp_path) == (
        "bad rows: 6 of 40 rows break the contract, which tolerates 0.1 of them; "
        "type: a value is no number: 'old' (column 'rooms', first at line 9, 5 rows); "
        "category: a value is not among the contract's categories: 'MARS' "
        "(column 'place', first at line 14, 1 row)"
    )


def test_decimal_commas_are_recognised(tmp_path: Path) -> None:
    lines = [f'1,1,INLAND,"{i},5"' for i in range(40)]
    assert 'if "," is the decimal mark' in rejected(csv_of(lines), tmp_path)


def test_a_field_of_10000_characters_is_set_aside_and_told_shortly(tmp_path: Path) -> None:
    open_category = [*COLUMNS[:2], {"name": "place", "type": "category"}, COLUMNS[3]]
    dataset = ingested(with_row(f"1,1,{'x' * 10_000},5"), tmp_path, config(open_category))
    ((line, column, rule, value),) = quarantine(dataset)
    assert (line, column, rule) == (11, "place", "length")
    assert value == "x" * 200
    many = csv_of([f"1,1,{'y' * 10_000},{i}" for i in range(40)])
    message = rejected(many, tmp_path / "again", config(open_category)) if _made(tmp_path / "again") else ""
    assert "longer than 1,000 characters" in message
    assert len(message) < 500


def _made(path: Path) -> bool:
    path.mkdir()
    return True


def test_a_field_of_three_megabytes_does_not_stop_the_rest(tmp_path: Path) -> None:
    dataset = ingested(with_row(f"1,1,{'x' * 3_000_000},5"), tmp_path)
    assert (dataset.rows, dataset.quarantined_rows) == (40, 1)


def test_lines_count_right_behind_quoted_line_breaks_and_blank_lines(tmp_path: Path) -> None:
    with_text = [*COLUMNS[:2], {"name": "place", "type": "text"}, COLUMNS[3]]
    lines = rows()
    lines[3] = '1,1,"two\nlines, and a ""quote""",5'  # lines 5 and 6
    lines[6] += "\n"  # a blank line 10
    lines[7] = "1,2,INLAND"  # malformed, line 11
    lines[8] = "old,1,INLAND,5"  # line 12
    dataset = ingested(csv_of(lines), tmp_path, config(with_text))
    assert [(line, rule) for line, _, rule, _ in quarantine(dataset)] == [(11, "csv"), (12, "type")]
    places = pq.read_table(dataset.directory / TRAIN).column("place").to_pylist()
    places += pq.read_table(dataset.directory / HOLDOUT).column("place").to_pylist()
    assert 'two\nlines, and a "quote"' in places


TYPED: list[dict[str, Any]] = [
    {"name": "id", "type": "integer"},
    {"name": "seen", "type": "date"},
    {"name": "sold", "type": "boolean"},
    {"name": "value", "type": "number"},
]


def typed_rows(**replaced: str) -> bytes:
    lines = [f"{i},2026-01-{i % 28 + 1:02d},{'true' if i % 2 else 'false'},{i * 3}" for i in range(40)]
    for at, line in replaced.items():
        lines[int(at.removeprefix("row"))] = line
    return csv_of(lines, "id,seen,sold,value")


def test_integers_dates_and_booleans_are_written_in_their_types(tmp_path: Path) -> None:
    dataset = ingested(typed_rows(row3="3.0,2026-02-01T00:00:00,1,5"), tmp_path, config(TYPED))
    assert dataset.quarantined_rows == 0
    schema = pq.read_schema(dataset.directory / TRAIN)
    assert [str(schema.field(name).type) for name in ("id", "seen", "sold", "value")] == [
        "int64",
        "date32[day]",
        "bool",
        "double",
    ]


@pytest.mark.parametrize(
    ("line", "column", "rule"),
    [
        ("1.5,2026-01-01,true,1", "id", "type"),
        ("1e30,2026-01-01,true,1", "id", "type"),
        ("inf,2026-01-01,true,1", "id", "finite"),
        ("1,2026-02-30,true,1", "seen", "type"),
        ("1,01/02/2026,true,1", "seen", "type"),
        ("1,infinity,true,1", "seen", "type"),
        ("1,12026-01-01,true,1", "seen", "type"),
        ("1,2026-01-01T10:00,true,1", "seen", "type"),
        ("1,2026-01-01,maybe,1", "sold", "type"),
    ],
)
def test_other_types_have_their_own_faults(tmp_path: Path, line: str, column: str, rule: str) -> None:
    dataset = ingested(typed_rows(row5=line), tmp_path, config(TYPED))
    assert [(number, c, r) for number, c, r, _ in quarantine(dataset)] == [(7, column, rule)]


def test_of_rows_that_share_an_identifier_the_first_stays(tmp_path: Path) -> None:
    dataset = ingested(
        typed_rows(row5="3,2026-01-01,true,1", row6="3.0,2026-01-02,true,2"),
        tmp_path,
        config(TYPED, identifiers=["id"]),
    )
    assert quarantine(dataset) == [(7, "id", "unique", "3"), (8, "id", "unique", "3")]
    kept = pq.read_table(dataset.directory / TRAIN).to_pylist()
    kept += pq.read_table(dataset.directory / HOLDOUT).to_pylist()
    assert sorted(row["value"] for row in kept if row["id"] == 3) == [9.0]
    assert len(kept) == 38


def test_identifiers_of_two_columns_identify_together(tmp_path: Path) -> None:
    settings = config(TYPED, identifiers=["id", "seen"])
    assert ingested(typed_rows(row5="3,2026-01-09,true,1"), tmp_path, settings).quarantined_rows == 0


def test_a_unique_column_may_lack_values_but_not_repeat_them(tmp_path: Path) -> None:
    columns = [{**TYPED[0], "unique": True, "nullable": True}, *TYPED[1:]]
    content = typed_rows(row5=",2026-01-01,true,1", row6=",2026-01-01,true,2", row7="2,2026-01-01,true,3")
    dataset = ingested(content, tmp_path, config(columns))
    assert quarantine(dataset) == [(9, "id", "unique", "2")]


def test_too_many_duplicates_reject_the_upload(tmp_path: Path) -> None:
    lines = [f"1,2026-01-01,true,{i}" for i in range(40)]
    message = rejected(csv_of(lines, "id,seen,sold,value"), tmp_path, config(TYPED, identifiers=["id"]))
    assert "unique: a value occurs more than once: '1' (column 'id', first at line 3, 39 rows)" in message


def test_values_that_look_like_sql_or_paths_are_values(tmp_path: Path) -> None:
    open_category = [*COLUMNS[:2], {"name": "place", "type": "category"}, COLUMNS[3]]
    nasty = "'); DROP TABLE broken; --"
    dataset = ingested(with_row(f"1,1,{nasty},5"), tmp_path, config(open_category))
    assert dataset.profile["columns"]["place"]["categories"][nasty] == 1


def test_a_column_named_like_sql_is_a_name(tmp_path: Path) -> None:
    name = 'a"; DROP TABLE x; --'
    columns = [{"name": name, "type": "number"}, {"name": "value", "type": "number"}]
    header = '"' + name.replace('"', '""') + '",value'
    lines = [f"{i},{i}" for i in range(40)]
    lines[4] = "x,1"
    dataset = ingested(csv_of(lines, header), tmp_path, config(columns))
    assert quarantine(dataset) == [(6, name, "type", "x")]


@pytest.mark.parametrize(("size_bytes", "shares"), [(0, 1), (10**9, 1), (1_400_000_000, 3), (5 * 10**9, 7)])
def test_unique_values_of_a_large_file_are_compared_an_odd_number_of_shares_at_a_time(
    size_bytes: int, shares: int
) -> None:
    assert shares_of(size_bytes) == shares


def test_a_broken_number_is_no_earlier_occurrence_of_the_one_it_rounds_to(tmp_path: Path) -> None:
    columns = [{"name": "id", "type": "integer", "unique": True}, *COLUMNS]
    lines = [f"{number},{row}" for number, row in enumerate(rows(), 100)]
    lines[3], lines[30] = f"7.4,{rows()[3]}", f"7,{rows()[30]}"
    dataset = ingested(csv_of(lines, "id,rooms,income,place,value"), tmp_path, config(columns=columns))
    assert quarantine(dataset) == [(5, "id", "type", "7.4")]
