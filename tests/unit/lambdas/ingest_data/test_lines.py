"""Every line of an upload is told of, whatever becomes of quotes and line ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.datasets.checks.faults import DatasetRejected
from lambdas.datasets.upload.layout import records_of
from lambdas.datasets.upload.scanning import Scanner
from lambdas.ingest_data.ingestion import QUARANTINE
from tests.unit.lambdas.ingest_data.uploads import COLUMNS, HEADER, config, csv_of, ingested, rejected, rows

NOTED: list[dict[str, Any]] = [*COLUMNS, {"name": "note", "type": "text", "nullable": True}]


def scanned(content: bytes, columns: list[dict[str, Any]] = COLUMNS, size: int = 1000, **reading: Any) -> Any:
    contract = config(columns, reading=reading).dataset
    scanner = Scanner(
        delimiter=contract.reading.delimiter.encode(),
        records=lambda header: records_of(header, contract),
        titles=contract.reading.skip_lines,
    )
    pieces = [scanner.feed(content[at : at + size]) for at in range(0, len(content), size)]
    return b"".join([*pieces, scanner.finish()]), scanner.account()


def aside(path: Path) -> list[tuple[int, str]]:
    return [(row["line"], row["value"]) for row in pq.read_table(path / "dataset" / QUARANTINE).to_pylist()]


def test_a_stray_quote_costs_its_own_line_and_no_other(tmp_path: Path) -> None:
    lines = rows(2000)
    lines[599] = lines[599].replace(",INLAND", ',"INLAND').replace(",NEAR", ',"NEAR')
    dataset = ingested(csv_of(lines), tmp_path)
    assert (dataset.rows, dataset.quarantined_rows) == (2000, 1)
    assert aside(tmp_path) == [(601, f"a quote is opened and never closed: {lines[599]}")]


def test_a_second_stray_quote_far_below_closes_nothing(tmp_path: Path) -> None:
    lines = rows(2000)
    for at in (599, 1799):
        lines[at] = lines[at].replace(",INLAND", ',"INLAND').replace(",NEAR", ',"NEAR')
    dataset = ingested(csv_of(lines), tmp_path)
    assert (dataset.rows, dataset.quarantined_rows) == (2000, 2)
    assert [line for line, _ in aside(tmp_path)] == [601, 1801]


def test_one_windows_line_end_among_others_is_one(tmp_path: Path) -> None:
    lines = rows(800)
    lines[700] += "\r"
    lines[300] += "\r\r"
    assert ingested(csv_of(lines), tmp_path).quarantined_rows == 0


def test_a_bare_carriage_return_costs_its_line(tmp_path: Path) -> None:
    lines = rows(800)
    lines[701] = lines[701].replace(",", ",\r", 1)
    dataset = ingested(csv_of(lines), tmp_path)
    assert (dataset.rows, dataset.quarantined_rows) == (800, 1)
    assert [line for line, _ in aside(tmp_path)] == [703]


def test_carriage_returns_alone_end_lines_where_there_is_nothing_else(tmp_path: Path) -> None:
    assert ingested(csv_of(rows(), end="\r"), tmp_path).rows == 40


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_where_carriage_returns_end_lines_other_ends_among_them_do_too(size: int) -> None:
    lines = [f'{i},1,INLAND,{i},"one\ntwo"' for i in range(6)]
    content = f"{HEADER},note\r{lines[0]}\r\n{lines[1]}\r\n".encode() + "\r".join(lines[2:]).encode()
    clean, account = scanned(content, NOTED, size)
    assert (account.rows, len(account.continued), account.aside) == (6, 6, ())
    assert clean.decode().splitlines()[1::2] == [line.split("\n")[0] for line in lines]


def test_rows_of_an_old_export_that_was_joined_to_others_are_rows(tmp_path: Path) -> None:
    lines = rows(60)
    content = csv_of(lines[:30]) + "\r".join(lines[30:58]).encode() + b"\r" + "\n".join(lines[58:]).encode()
    dataset = ingested(content, tmp_path)
    assert (dataset.rows, dataset.quarantined_rows) == (60, 0)


def test_a_carriage_return_in_a_first_field_leaves_no_row_that_nobody_wrote(tmp_path: Path) -> None:
    lines = rows()
    lines[5] = f"1\r{lines[5]}"
    assert ingested(csv_of(lines), tmp_path).quarantined_rows == 1
    assert [line for line, _ in aside(tmp_path)] == [7]


def test_a_byte_order_mark_hides_no_wrong_byte(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + csv_of(rows()).replace(b"\n2,", b"\n2\xff,")
    assert "UTF-8: byte 0xff" in rejected(content, tmp_path)


def test_a_header_with_an_endless_name_is_refused_in_words_of_ours(tmp_path: Path) -> None:
    content = csv_of(rows(), header=HEADER + "x" * 200_000)
    assert "a name is longer than 131,072 characters" in rejected(content, tmp_path)


def test_a_zero_byte_in_a_small_file_costs_its_line(tmp_path: Path) -> None:
    lines = rows()
    lines[3] = lines[3].replace("INLAND", "IN\0LAND").replace("NEAR", "NE\0AR")
    assert ingested(csv_of(lines), tmp_path).quarantined_rows == 1


def test_a_zero_byte_costs_its_line(tmp_path: Path) -> None:
    lines = rows()
    lines[7] = lines[7].replace("INLAND", "IN\0LAND").replace("NEAR", "NE\0AR")
    content = csv_of(lines) + csv_of(rows(), header="").lstrip()
    assert [line for line, _ in scanned_aside(content)] == [9]


def scanned_aside(content: bytes) -> list[tuple[int, str]]:
    return [(found.line, found.reason) for found in scanned(content)[1].aside]


def test_a_text_may_go_on_over_lines_and_its_row_stands_where_it_begins() -> None:
    content = f'{HEADER},note\n1,1,INLAND,1,"one\n\n""two"", and"\n\n2,2,INLAND,2,x\n'.encode()
    for size in (1, 7, 1000):
        clean, account = scanned(content, NOTED, size)
        assert (account.lines, account.blank, account.rows, len(account.continued)) == (6, 1, 2, 2)
        assert account.lines_of_rows(np.array([1, 2]), np.array([], dtype=np.int64)).tolist() == [2, 6]
        assert clean.count(b"\n") == 5


def test_a_quote_that_runs_over_whole_rows_is_refused_with_its_line() -> None:
    lines = [f"{line},n" for line in rows()]
    lines[9], lines[20] = '1,1,INLAND,1,"oh', '1,1,INLAND,1,oh"'
    with pytest.raises(
        DatasetRejected, match="a quote is opened on line 11 and runs over whole rows, the first"
    ):
        scanned(csv_of(lines, f"{HEADER},note"), NOTED)


def test_inch_marks_and_blanks_around_quotes_are_what_they_look_like(tmp_path: Path) -> None:
    open_place = [*COLUMNS[:2], {"name": "place", "type": "category"}, COLUMNS[3]]
    lines = rows()
    lines[3], lines[4] = '1,1,5" pipe,7', '1,1, "quoted" ,7'
    dataset = ingested(csv_of(lines), tmp_path, config(open_place))
    assert dataset.quarantined_rows == 0
    assert {'5" pipe', "quoted"} < set(dataset.profile["columns"]["place"]["categories"])


@pytest.mark.parametrize(
    ("reading", "content"),
    [
        ({"delimiter": ";", "decimal": ","}, csv_of(rows()).replace(b",", b";").replace(b".", b",")),
        ({"delimiter": "\t"}, csv_of(rows()).replace(b",", b"\t")),
        ({"encoding": "utf-16"}, csv_of(rows()).decode().encode("utf-16")),
        ({"encoding": "cp1252"}, csv_of(rows())),
        ({"skip_lines": 2}, b"A title\n\n" + csv_of(rows())),
        ({"skip_lines": 1}, b"sep=,\r\n" + csv_of(rows(), end="\r\n")),
        ({"index_column": True}, csv_of([f"{i},{r}" for i, r in enumerate(rows())], f",{HEADER}")),
        ({"index_column": True}, csv_of([f'"{i}",{r}' for i, r in enumerate(rows())])),
        ({"trailing_delimiter": True}, csv_of([f"{r}," for r in rows()], f"{HEADER},")),
        ({"missing": ["NA"]}, csv_of(["1,NA,INLAND,5", *rows()[1:]])),
        ({"thousands": ","}, csv_of(['1,1,INLAND,"1,234.5"', *rows()[1:]])),
    ],
)
def test_a_file_is_read_as_the_contract_says_it_is_written(
    tmp_path: Path, reading: dict[str, Any], content: bytes
) -> None:
    dataset = ingested(content, tmp_path, config(reading=reading))
    assert (dataset.rows, dataset.quarantined_rows) == (40, 0)


def test_a_declared_encoding_that_the_file_has_not_is_told_by_line(tmp_path: Path) -> None:
    content = csv_of(rows()).replace(b"\n2,", b"\n2\x81,")
    assert "CP1252: byte 0x81" in rejected(content, tmp_path, config(reading={"encoding": "cp1252"}))


DAMAGE = st.text('",\n\r\0 x"1', max_size=4)


@settings(max_examples=300, deadline=None)
@given(st.data(), st.booleans(), st.integers(1, 40))
def test_a_corruption_of_some_lines_loses_those_alone_or_rejects(
    data: st.DataObject, with_text: bool, size: int
) -> None:
    notes = ("", ",plain", ',"a ""b"", c"', ',""', ',",x"')
    lines = [f"{i},1,INLAND,{i}{notes[1 + i % 4] if with_text else ''}" for i in range(12)]
    struck = data.draw(st.sets(st.integers(0, 11), max_size=3))
    damaged = list(lines)
    for at in struck:
        place = data.draw(st.integers(0, len(lines[at])))
        damaged[at] = (
            lines[at][:place] + data.draw(DAMAGE) + lines[at][place + data.draw(st.integers(0, 2)) :]
        )
    header = f"{HEADER},note" if with_text else HEADER
    content = csv_of(damaged, header)
    try:
        clean, account = scanned(content, NOTED if with_text else COLUMNS, size)
    except DatasetRejected:
        if not struck:
            raise
        return
    saved = clean.decode().split("\n")[:-1]
    continued = set(account.continued.tolist())
    kept = [line for number, line in enumerate(saved, start=1) if number not in continued]
    assert [line for at, line in enumerate(lines) if at not in struck and line not in kept] == []
    assert account.rows == len(kept) - 1
    found = account.lines_of_rows(np.arange(1, len(kept)), np.array([], dtype=np.int64))
    whole = content.decode().replace("\r\n", "\n").split("\n")
    for line, number in zip(kept[1:], found.tolist(), strict=True):
        if line in lines:
            assert whole[number - 1] == line
