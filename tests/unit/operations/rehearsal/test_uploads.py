"""The first upload is an honest sample in the file's own form, and what the endpoint is asked are the file's
own texts."""

import csv
import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.dataset import PLAIN
from contracts.file_reading import FileReading
from operations.draft.opening import upload_name
from operations.rehearsal.sampling import first_rows, share
from operations.rehearsal.table_file import DataFileError, TableFile
from operations.rehearsal.uploads import questions_of, read_source
from tests.unit.operations.draft.tables import HEADER, planned, rows, saved, text

TABLE = rows(200)


def read(tmp_path, content, target="spend", name="shop.csv"):
    """The file's rows, by the contract that is drafted for it."""
    path = saved(tmp_path / name, content)
    _, config = planned(path, target)
    return TableFile.read(path.read_bytes(), config.dataset.reading), config


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("above", ["", "Report, of süd\n\n", "sep=;\n"])
def test_a_sample_has_the_form_of_its_file(tmp_path, encoding, above):
    content = (above + text(TABLE, delimiter=";").replace("south", "süd")).encode(encoding)
    table, config = read(tmp_path, content)
    sample = TableFile.read(table.select([3, 5]), config.dataset.reading)
    assert table.names == sample.names == HEADER
    assert list(sample.rows) == [table.rows[3], table.rows[5]]
    assert planned(saved(tmp_path / "again.csv", table.select(range(100))))[1].dataset.reading == (
        config.dataset.reading
    )


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (("", *HEADER), lambda n, row: (str(n), *row)),
        (HEADER, lambda n, row: (str(n), *row)),
        ((*HEADER, ""), lambda _, row: (*row, "")),
        (HEADER, lambda _, row: (*row, "")),
    ],
)
def test_nameless_fields_are_no_columns(tmp_path, header, row):
    content = text([row(n, values) for n, values in enumerate(TABLE)], header)
    table, config = read(tmp_path, content)
    assert table.names == HEADER
    assert [tuple(values) for values in table.rows] == TABLE
    assert TableFile.read(table.select([7]), config.dataset.reading).rows == [list(TABLE[7])]


def test_packed_text_and_parquet_keep_their_form(tmp_path):
    packed, _ = read(tmp_path, gzip.compress(text(TABLE).encode()), name="shop.csv.gz")
    assert gzip.decompress(packed.select([0])).decode() == text(TABLE[:1])
    columns = dict(zip(HEADER, zip(*TABLE, strict=True), strict=True))
    pq.write_table(pa.table(columns), tmp_path / "shop.parquet")
    parquet = TableFile.read((tmp_path / "shop.parquet").read_bytes(), PLAIN)
    assert parquet.rows == TABLE
    assert pq.read_table(pa.BufferReader(parquet.select([4]))).to_pylist() == [
        dict(zip(HEADER, TABLE[4], strict=True))
    ]


@pytest.mark.parametrize(
    ("name", "content", "uploaded"),
    [
        ("shop.csv", b"a,b", "shop.csv"),
        ("shop.tsv", b"a\tb", "shop.csv"),
        ("shop.v2.CSV", b"a,b", "shop.v2.csv"),
        ("shop.csv.gz", b"\x1f\x8b\x08", "shop.csv.gz"),
        ("shop", b"PAR1", "shop.parquet"),
        ("_shop.txt", b"a|b", "shop.csv"),
    ],
)
def test_an_upload_is_named_by_what_it_is(name, content, uploaded):
    assert upload_name(name, content) == uploaded


def test_a_sample_of_rows_is_the_same_each_time_and_large_enough(tmp_path):
    table, config = read(tmp_path, text(TABLE))
    chosen = first_rows(table, config.dataset)
    assert chosen == first_rows(table, config.dataset) == sorted(set(chosen))
    assert config.dataset.min_rows < len(chosen) < len(TABLE)


@pytest.mark.parametrize(
    ("count", "min_rows", "least"), [(60, 10, 48), (200, 20, 60), (10_000, 1_000, 3_000)]
)
def test_the_share_of_a_sample_suits_small_tables(count, min_rows, least):
    assert int(count * share(count, min_rows)) == least


def test_a_sample_keeps_enough_rows_of_each_class(tmp_path):
    table = [(*row, "rare" if n < 15 else "often") for n, row in enumerate(rows(1_000))]
    found, config = read(tmp_path, text(table, (*HEADER, "y")), "y")
    classes = [found.rows[place][4] for place in first_rows(found, config.dataset)]
    assert classes.count("rare") >= 12
    assert 290 <= len(classes) <= 320


def test_a_sample_of_groups_takes_whole_ones(tmp_path):
    table = [(f"C{n // 4}", *row) for n, row in enumerate(rows(400))]
    found, config = read(tmp_path, text(table, ("customer_id", *HEADER)))
    assert config.dataset.split.by == "group"
    groups = [found.rows[place][0] for place in first_rows(found, config.dataset)]
    whole = {name for name in groups if groups.count(name) == 4}
    assert len(whole) >= len(set(groups)) - 1
    assert len(groups) == 120


def test_a_sample_of_a_split_by_time_takes_the_earliest_rows(tmp_path):
    table = [(f"{n % 28 + 1:02}.{n % 12 + 1:02}.2024", *row) for n, row in enumerate(rows(400))]
    found, config = read(tmp_path, text(table, ("day", *HEADER)))
    by_time = config.dataset.__class__(
        **{
            **config.dataset.__dict__,
            "split": config.dataset.split.__class__(by="time", group="", time="day", gap_days=0),
        }
    )
    chosen = first_rows(found, by_time)
    day = by_time.column("day").grammar.read
    latest = max(day(found.rows[place][0]) for place in chosen)
    assert all(day(row[0]) >= latest for place, row in enumerate(found.rows) if place not in set(chosen))


def test_the_endpoint_is_asked_with_the_file_s_own_texts(tmp_path):
    money = [(f'"${10 + n},000.50"', *row) for n, row in enumerate(TABLE)]
    money[0] = ("broken", *TABLE[0])
    table, config = read(tmp_path, text(money, ("price", *HEADER)))
    questions = list(questions_of(table, config.dataset, 3))
    assert [list(question.row) for question in questions] == [["price", "age", "region", "member"]] * 3
    assert questions[0].row["price"] == "$11,000.50"
    assert questions[0].actual == TABLE[1][3]


def test_a_file_that_the_configuration_does_not_describe_says_how_to_draft_one(tmp_path):
    _, config = read(tmp_path, text(TABLE))
    other = saved(tmp_path / "other.csv", "a,b\n1,2\n")
    with pytest.raises(DataFileError, match=r"make init DATA=.*other.csv TARGET="):
        read_source(str(other), config)
    with pytest.raises(DataFileError, match="no such file"):
        read_source(str(tmp_path / "none.csv"), config)
    with pytest.raises(DataFileError, match="no generated data fit it"):
        read_source(None, config)


def test_a_broken_configuration_is_left_to_synthesis(tmp_path):
    source = read_source(str(saved(tmp_path / "shop.csv", text(TABLE))), None)
    assert source.content == source.first_content


@pytest.mark.parametrize(
    ("content", "reading", "message"),
    [
        (b"\xff\xfe\xff", PLAIN, "not utf-8 text: .* at byte 0"),
        (b"\x1f\x8b\x08broken", PLAIN, "gzip"),
        (b"PAR1broken", PLAIN, "Parquet"),
        (b"", PLAIN, "no header"),
        (b"title\n", FileReading(skip_lines=1), "no header"),
    ],
)
def test_what_cannot_be_read_is_told_why(content, reading, message):
    with pytest.raises(DataFileError, match=message):
        TableFile.read(content, reading)


def test_quoted_line_ends_stay_inside_their_field(tmp_path):
    table = [(f'"line one\nof {n}"', *row) for n, row in enumerate(TABLE)]
    found, config = read(tmp_path, text(table, ("note", *HEADER)))
    again = TableFile.read(found.select(range(200)), config.dataset.reading)
    assert again.rows == found.rows
    assert len(list(csv.reader(io.StringIO(found.select([1]).decode())))) == 2
