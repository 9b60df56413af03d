"""The form of a text is told from the text: encoding, delimiter, titles above the header, nameless fields."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from operations.draft.errors import DraftError
from operations.draft.table import table_of
from tests.unit.operations.draft.tables import HEADER, planned, rows, saved, text

TABLE = rows()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_delimiter_and_encoding_are_told_from_the_text(tmp_path, delimiter, encoding):
    content = text(TABLE, delimiter=delimiter).replace("north", "nörd").replace("south", "süd")
    plan, config = planned(saved(tmp_path / "shop.csv", content.encode(encoding)))
    assert config.dataset.reading.delimiter == delimiter
    expected = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16-le"}.get(encoding, encoding)
    assert config.dataset.reading.encoding == expected
    assert config.dataset.column("region").categories == ("east", "nörd", "süd")
    assert plan.rows == len(TABLE)


@pytest.mark.parametrize(
    ("above", "lines"),
    [
        ("Sales report\n", 1),
        ("Sales report, second quarter\n\n", 2),
        ("Report,,,\nmade on,2024-01-01,,\n\n", 3),
        ("# made by a tool\n# version 2\n", 2),
        ("sep=,\n", 1),
    ],
)
def test_lines_above_the_header_are_counted(tmp_path, above, lines):
    _, config = planned(saved(tmp_path / "shop.csv", above + text(TABLE)))
    assert tuple(column.name for column in config.dataset.columns) == HEADER
    assert config.dataset.reading.skip_lines == lines


def test_the_line_of_a_spreadsheet_names_the_delimiter(tmp_path):
    _, config = planned(saved(tmp_path / "shop.csv", "sep=;\n" + text(TABLE, delimiter=";")))
    assert (config.dataset.reading.delimiter, config.dataset.reading.skip_lines) == (";", 1)


def test_an_index_without_a_name_is_no_column(tmp_path):
    of_pandas = [(str(number), *row) for number, row in enumerate(TABLE)]
    _, config = planned(saved(tmp_path / "pandas.csv", text(of_pandas, ("", *HEADER))))
    assert config.dataset.reading.index_column
    of_r = [(f"row{number}", *row) for number, row in enumerate(TABLE)]
    _, config = planned(saved(tmp_path / "r.csv", text(of_r)))
    assert config.dataset.reading.index_column
    assert tuple(column.name for column in config.dataset.columns) == HEADER


@pytest.mark.parametrize("header", [HEADER, (*HEADER, "")])
def test_a_delimiter_at_each_line_s_end_is_no_column(tmp_path, header):
    _, config = planned(saved(tmp_path / "shop.csv", text([(*row, "") for row in TABLE], header)))
    assert config.dataset.reading.trailing_delimiter
    assert tuple(column.name for column in config.dataset.columns) == HEADER


def test_blanks_around_names_and_values_mean_nothing(tmp_path):
    blank = [tuple(f" {value} " for value in row) for row in TABLE]
    _, config = planned(saved(tmp_path / "shop.csv", text(blank, tuple(f" {name} " for name in HEADER))))
    assert tuple(column.name for column in config.dataset.columns) == HEADER
    assert [column.type for column in config.dataset.columns] == ["number", "category", "boolean", "number"]


def test_packed_text_and_parquet_are_read_as_they_are(tmp_path):
    _, packed = planned(saved(tmp_path / "shop.csv.gz", gzip.compress(text(TABLE).encode())))
    columns = dict(zip(HEADER, zip(*TABLE, strict=True), strict=True))
    typed = {"age": [float(v) for v in columns["age"]], "spend": [float(v) for v in columns["spend"]]}
    pq.write_table(pa.table({**columns, **typed}), tmp_path / "shop.parquet")
    _, parquet = planned(tmp_path / "shop.parquet")
    assert packed.name == parquet.name == "shop"
    assert [c.type for c in packed.dataset.columns] == [c.type for c in parquet.dataset.columns]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\n", "is empty"),
        (b"a,b\n", "no rows"),
        (b"a\n1\n2\n", "separates columns in it$"),
        (b"a  b\n1  2\n3  4\n", r"parted by blanks, write the file anew: .*sep=r'.s\+'"),
        (b"PK\x03\x04rest", "save the sheet as CSV"),
        (b"<html><body>", "HTML"),
        (b'{"a": 1}\n', "JSON"),
        (b"\x1f\x8b\x08\x00broken", "pack it again"),
        (b"PAR1broken", "Parquet"),
        (b"a,b\n" + b"1,2\n" * 40 + b"3\n" * 9, "first is line 42"),
    ],
)
def test_what_is_no_table_is_told_why(tmp_path, content, message):
    with pytest.raises(DraftError, match=message), table_of(saved(tmp_path / "x.csv", content)):
        pass


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            ("age", "age", "member", "spend"),
            "line 1 names columns 1 and 2 'age' and 'age', which are the same",
        ),
        (("Age", "age", "member", "spend"), "differ in case"),
        (("age", "", "member", "spend"), "line 1 gives column 2 no name"),
    ],
)
def test_a_header_that_cannot_name_the_columns_is_refused_with_its_line(tmp_path, header, message):
    with pytest.raises(DraftError, match=message):
        planned(saved(tmp_path / "shop.csv", text(TABLE, header)))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DraftError, match="there is no such file"), table_of(tmp_path / "none.csv"):
        pass


@pytest.mark.parametrize("delimiter", [";", "|", "\t"])
def test_two_columns_of_decimal_commas_are_not_taken_for_three(tmp_path, delimiter):
    pairs = [(row[0], row[3]) for row in TABLE]
    content = text(pairs, ("age", "spend"), delimiter, ",")
    _, config = planned(saved(tmp_path / "shop.csv", content))
    assert (config.dataset.reading.delimiter, config.dataset.reading.decimal) == (delimiter, ",")
    assert [c.type for c in config.dataset.columns] == ["number", "number"]


def test_a_name_over_two_lines_is_refused_with_its_column(tmp_path):
    with pytest.raises(DraftError, match="names column 1 over several lines"):
        planned(saved(tmp_path / "shop.csv", text(TABLE, ('"age\nin years"', *HEADER[1:]))))


def test_a_name_of_the_pipelines_own_columns_is_refused(tmp_path):
    with pytest.raises(DraftError, match=r"names column 1 'Greenlight_fold': .* rename it"):
        planned(saved(tmp_path / "shop.csv", text(TABLE, ("Greenlight_fold", *HEADER[1:]))))


def test_a_line_that_names_the_delimiter_is_no_header_of_three_columns(tmp_path):
    lines = "".join(f"{age % 60};{('north', 'south')[age % 2]};{age * 2}\n" for age in range(120))
    _, config = planned(saved(tmp_path / "shop.csv", "sep=;\nage;region;spend\n" + lines))
    assert (config.dataset.reading.delimiter, config.dataset.reading.skip_lines) == (";", 1)


def test_names_in_apostrophes_are_refused_with_the_way_on(tmp_path):
    quoted = "'age','spend'\n" + "".join(f"'{age}','{age * 2}'\n" for age in range(120))
    with pytest.raises(DraftError, match=r"line 1 quotes names with apostrophes, such as 'age'.*quotechar"):
        planned(saved(tmp_path / "shop.csv", quoted))
