"""Rows are sorted by the model's own reader, on the bytes that its container will get."""

from __future__ import annotations

import csv
import gzip
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import BatchRefusedError
from inference.formats.bodies import read_csv
from lambdas.prepare_batch.header import read_header
from lambdas.prepare_batch.sorting import CHUNK_ROWS, sort_rows
from lambdas.prepare_batch.source import Source
from tests.unit.inference.models import COLUMNS, predictor_of, tree_model

PREDICTOR = predictor_of(tree_model())
NAMES = [column.name for column in COLUMNS]
HEADER = read_header(["id", "sea", "rooms", "people"], NAMES)


def sort(rows):
    chunks = list(sort_rows(rows, HEADER, PREDICTOR))
    lines = [line for chunk in chunks for line in chunk.lines]
    return lines, dict(pair for chunk in chunks for pair in chunk.rejected)


def test_a_line_holds_number_then_what_is_carried_then_what_the_model_reads_in_its_order():
    assert HEADER.input_filter == "$[2:]"
    assert HEADER.output_columns == ["row", "id", "rooms", "people", "sea", "prediction"]
    assert sort([["a, b", "INLAND", "1.5", "2"], ["c", "<1H OCEAN", "", "3"]])[0] == [
        '1,"a, b",1.5,2,INLAND',
        "2,c,,3,<1H OCEAN",
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["x", "INLAND", "many", "2"], "column 'rooms': "),
        (["x", "INLAND", "1"], "has 3 fields, and the header has 4"),
        (["x\ny", "INLAND", "1", "2"], "a field holds a line break"),
        (["id", "sea", "rooms", "people"], ""),
    ],
)
def test_one_wrong_row_leaves_with_its_reason_wherever_it_stands(row, reason):
    good = [["x", "INLAND", "1", "2"]] * 7
    for place in range(8):
        lines, rejected = sort([*good[:place], row, *good[place:]])
        assert list(rejected) == [place + 1]
        assert reason in rejected[place + 1]
        assert [int(line.partition(",")[0]) for line in lines] == [n for n in range(1, 9) if n != place + 1]


FIELDS = st.one_of(
    st.sampled_from(
        ["1", "2.5", "-3", "", "INLAND", "NEAR BAY", '"', "a,b", "rooms", "nan", "1e3", " 4", "é"]
    ),
    st.text(max_size=4),
)


@settings(max_examples=150)
@given(st.lists(st.lists(FIELDS, min_size=3, max_size=5), max_size=20))
def test_each_row_is_kept_or_rejected_once_and_the_container_reads_all_that_is_kept(rows):
    lines, rejected = sort(rows)
    kept = [int(line.partition(",")[0]) for line in lines]
    assert sorted([*kept, *rejected]) == list(range(1, len(rows) + 1))
    if lines:
        fields = [next(csv.reader([line])) for line in lines]
        assert [row[1] for row in fields] == [rows[number - 1][0] for number in kept]
        body = io.StringIO()
        csv.writer(body, lineterminator="\n").writerows(row[2:] for row in fields)
        together = read_csv(PREDICTOR, body.getvalue().encode())
        assert len(together) == len(lines)
        alone = np.concatenate([read_csv(PREDICTOR, _body(row[2:])) for row in fields])
        np.testing.assert_array_equal(together, alone)


def _body(fields):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue().encode()


def test_rows_come_in_chunks_with_numbers_that_go_on():
    rows = [["x", "INLAND", "1", "2"]] * (CHUNK_ROWS + 1)
    chunks = list(sort_rows(rows, HEADER, PREDICTOR))
    assert [chunk.rows for chunk in chunks] == [CHUNK_ROWS, 1]
    assert chunks[1].lines == [f"{CHUNK_ROWS + 1},x,1,2,INLAND"]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (None, "must be a header that names the model's columns: rooms, people, sea"),
        (["1", "2", "INLAND"], "must be a header"),
        (["rooms", "sea"], "the header lacks people"),
        (["rooms", "rooms", "people", "sea"], "the header repeats rooms"),
    ],
)
def test_a_header_that_the_model_can_not_be_asked_by_is_refused(names, reason):
    with pytest.raises(BatchRefusedError, match=reason):
        read_header(names, NAMES)


def source(content, key="batch/a.csv", size=7):
    return Source(key, iter([content[start : start + size] for start in range(0, len(content), size)]))


def test_a_file_is_read_as_a_stream_whatever_its_chunks_and_hashed_as_it_came():
    content = '\ufeffa,b\r\n1,"x\ny"\r\n\r\n2,é\n'.encode()
    found = source(content)
    assert list(found) == [["a", "b"], ["1", "x\ny"], ["2", "é"]]
    assert len(found.sha256) == 64
    packed = gzip.compress(content, mtime=0)
    assert list(source(packed, "batch/a.CSV.GZ")) == list(source(content))


@pytest.mark.parametrize(
    ("content", "key", "reason"),
    [
        (b"a\n", "batch/a.txt", r"does not end in \.csv or \.csv\.gz"),
        (b"a\n\xff\n", "batch/a.csv", "not UTF-8: byte 0xff"),
        (b'a\n"b"c\n', "batch/a.csv", "the file is no CSV"),
        (gzip.compress(b"a\n" * 99, mtime=0)[:-9], "batch/a.csv.gz", "can't be unpacked"),
        (b"a\n", "batch/a.csv.gz", "can't be unpacked"),
    ],
)
def test_what_can_not_be_read_says_why(content, key, reason):
    with pytest.raises(BatchRefusedError, match=reason):
        list(source(content, key))
