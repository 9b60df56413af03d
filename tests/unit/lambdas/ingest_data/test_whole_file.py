"""What is no CSV, or no CSV of the contract's columns, is rejected with every reason at once."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from lambdas.datasets.checks.faults import DatasetRejected
from lambdas.datasets.engine import Engine
from lambdas.datasets.upload.sources import Source
from tests.unit.lambdas.ingest_data.uploads import HEADER, config, csv_of, ingested, rejected, rows


def test_missing_and_extra_columns_are_all_told_at_once(tmp_path: Path) -> None:
    message = rejected(csv_of(rows(), "Rooms,income,area,value"), tmp_path)
    assert "missing column: the contract demands it; did you mean 'Rooms'" in message
    assert "(column 'rooms', first at line 1)" in message
    assert "(column 'place', first at line 1)" in message
    assert "not in the contract: 'Rooms', 'area'" in message


def test_a_column_that_only_differs_in_its_spelling_is_pointed_out(tmp_path: Path) -> None:
    assert "did you mean 'Rooms'" in rejected(csv_of(rows(), "Rooms,income,place,value"), tmp_path)


def test_blanks_around_names_and_values_mean_nothing(tmp_path: Path) -> None:
    lines = [line.replace(",", "\t , ") + " " for line in rows()]
    assert ingested(csv_of(lines, " rooms, income ,place\t,value"), tmp_path).quarantined_rows == 0


def test_a_duplicate_column_is_rejected(tmp_path: Path) -> None:
    message = rejected(csv_of(rows(), "rooms,income,place,value,rooms"), tmp_path)
    assert "duplicate column: the header names it 2 times (column 'rooms', first at line 1)" in message


def test_columns_in_another_order_are_fine(tmp_path: Path) -> None:
    lines = [",".join(reversed(line.split(","))) for line in rows()]
    assert ingested(csv_of(lines, "value,place,income,rooms"), tmp_path).rows == 40


@pytest.mark.parametrize(("delimiter", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")])
def test_a_wrong_delimiter_is_named(tmp_path: Path, delimiter: str, name: str) -> None:
    content = csv_of(rows()).replace(b",", delimiter.encode())
    message = rejected(content, tmp_path)
    assert message.startswith(f"delimiter: columns are separated by {name}, and not by commas; ")


def test_semicolons_with_decimal_commas_are_told_as_the_delimiter(tmp_path: Path) -> None:
    lines = [line.replace(",", ";").replace(".", ",") for line in rows()]
    assert "semicolons" in rejected(csv_of(lines, HEADER.replace(",", ";")), tmp_path)


def test_a_file_without_a_header_is_told_so(tmp_path: Path) -> None:
    message = rejected("\n".join(rows()).encode(), tmp_path)
    assert "the first line names none of the contract's columns" in message


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", csv_of(rows()))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file holds only blanks"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (zipped(), "starts like a zip archive"),
        (gzip.compress(csv_of(rows())), "starts like a gzip archive"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "HTML"),
        (b"<?xml version='1.0'?><a/>", "HTML or XML"),
        (b'{"rooms": [1, 2]}', "JSON"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (HEADER.encode("utf-16"), "UTF-16"),
        (b"rooms,income\x00,place,value\n", "zero bytes"),
    ],
)
def test_what_is_no_csv_is_named_for_what_it_is(tmp_path: Path, content: bytes, reason: str) -> None:
    assert reason in rejected(content, tmp_path)


@pytest.mark.parametrize("content", [HEADER.encode(), (HEADER + "\n").encode(), (HEADER + "\r\n").encode()])
def test_a_header_alone_has_no_rows(tmp_path: Path, content: bytes) -> None:
    assert rejected(content, tmp_path) == "rows: the file has a header and no rows"


def test_bytes_that_are_not_utf8_are_told_by_line(tmp_path: Path) -> None:
    lines = rows()
    lines[20] = "1,2,caf\xe9,3"
    content = "\n".join([HEADER, *lines]).encode("latin-1")
    message = rejected(content, tmp_path)
    assert message.startswith(
        "encoding: the file is not UTF-8: byte 0xe9 begins no character; save it as UTF-8"
    )
    assert message.endswith("(first at line 22)")


def test_a_character_cut_by_the_end_of_the_file_is_not_utf8(tmp_path: Path) -> None:
    assert "byte 0xc3" in rejected(csv_of(rows()) + "1,2,ä".encode()[:-1], tmp_path)


def test_a_header_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    assert "not UTF-8" in rejected(HEADER.encode() + b"\xff\n" + csv_of(rows()), tmp_path)


def test_2000_extra_columns_are_counted_and_not_listed(tmp_path: Path) -> None:
    message = rejected(csv_of(rows(), HEADER + "," + ",".join(f"c{i}" for i in range(2000))), tmp_path)
    assert "and 1,992 more" in message
    assert len(message) < 500


def test_2000_columns_that_the_contract_wants_are_read(tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(1999)]
    columns = [{"name": name, "type": "number"} for name in (*names, "value")]
    lines = [",".join(str(row * 7 + i) for i in range(2000)) for row in range(40)]
    content = csv_of(lines, ",".join((*names, "value")))
    assert ingested(content, tmp_path, config(columns)).rows == 40


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""], ids=["BOM", "no BOM"])
def test_a_bom_and_windows_line_ends_are_fine(tmp_path: Path, end: str, mark: bytes) -> None:
    dataset = ingested(mark + csv_of(rows(), end=end), tmp_path)
    assert (dataset.rows, dataset.quarantined_rows) == (40, 0)


def test_too_few_rows_are_rejected(tmp_path: Path) -> None:
    assert rejected(csv_of(rows(9)), tmp_path) == ("rows: 9 good rows are too few: the contract demands 10")


def test_fewer_rows_than_the_folds_need_are_rejected(tmp_path: Path) -> None:
    message = rejected(csv_of(rows(12)), tmp_path, config(folds=8))
    assert "too few for 8 folds" in message


def test_a_constant_target_is_rejected(tmp_path: Path) -> None:
    lines = [f"{i},1,INLAND,7" for i in range(1, 41)]
    assert rejected(csv_of(lines), tmp_path) == (
        "constant target: the target is always '7.0', so there is nothing to learn (column 'value')"
    )


def test_a_wholly_empty_column_is_rejected(tmp_path: Path) -> None:
    lines = [f"{i},,INLAND,{i}" for i in range(1, 41)]
    assert rejected(csv_of(lines), tmp_path) == "empty column: no row has a value (column 'income')"


CLASSES = [
    {"name": "x", "type": "number"},
    {"name": "species", "type": "category"},
]


def test_a_class_with_fewer_rows_than_folds_is_rejected(tmp_path: Path) -> None:
    lines = [f"{i},{'rare' if i == 3 else 'common' if i % 2 else 'usual'}" for i in range(100)]
    message = rejected(
        csv_of(lines, "x,species"),
        tmp_path,
        config(CLASSES, target="species", task="classification", folds=3),
    )
    assert "rare class: class 'rare' has" in message


def test_a_classification_with_one_class_is_rejected(tmp_path: Path) -> None:
    lines = [f"{i},only" for i in range(100)]
    message = rejected(
        csv_of(lines, "x,species"), tmp_path, config(CLASSES, target="species", task="classification")
    )
    assert "the target is always 'only'" in message


def test_an_unterminated_quote_is_told_and_not_thrown(tmp_path: Path) -> None:
    lines = rows()
    for at in range(5, 15):
        lines[at] = '1,2,"INLAND,3'
    message = rejected(csv_of(lines), tmp_path)
    assert "a quote is opened and never closed" in message
    assert "line 7, 10 rows" in message


def test_what_does_not_fit_the_scratch_space_is_told_and_not_thrown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "40")
    source = Source(names=("x",), rows="", listing="", has_lines=False, odd={})
    engine = Engine(source, tmp_path)
    engine.ask("SET max_temp_directory_size = '1MB'")
    query = "SELECT count(*) FROM (SELECT range AS r FROM range(3000000) GROUP BY r)"
    for read in (engine.ask, lambda sql: list(engine.batches(sql))):
        with pytest.raises(DatasetRejected, match=r"size: .* upload them in parts"):
            read(query)
    engine.close()
