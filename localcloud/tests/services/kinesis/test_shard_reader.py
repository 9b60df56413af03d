"""A mapping's way through a shard: nothing is skipped, nothing blocks for ever, and order is kept."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.services.kinesis.shard_reader import (
    RETRIES_EXHAUSTED,
    TOO_OLD,
    Discarded,
    Settings,
    ShardReader,
    checkpoint_of,
)


def record(number: int, arrived: float = 0.0) -> dict[str, Any]:
    return {"SequenceNumber": f"{number:05d}", "ApproximateArrivalTimestamp": arrived}


def numbers(records: Any) -> list[int]:
    return [int(one["SequenceNumber"]) for one in records]


def test_a_poison_batch_is_halved_to_the_record_which_alone_is_given_up():
    reader = ShardReader(Settings(batch_size=8, max_attempts=2, bisects=True))
    records, done, lost = [record(n) for n in range(8)], [], []
    while batch := reader.next(records, 0.0):
        tried = numbers(batch.records)
        if 5 in tried:
            if discarded := reader.failed():
                lost.append((numbers(discarded.records), discarded.condition, discarded.invocations))
        else:
            reader.succeeded()
            done += tried
    assert done == [0, 1, 2, 3, 4, 6, 7]
    assert lost == [([5], RETRIES_EXHAUSTED, 3)]


def test_without_limits_a_batch_is_tried_for_ever_and_nothing_passes_it():
    reader = ShardReader(Settings(batch_size=2))
    records = [record(n) for n in range(4)]
    for _ in range(100):
        batch = reader.next(records, 0.0)
        assert batch is not None
        assert numbers(batch.records) == [0, 1]
        assert reader.failed() is None
    assert batch is not None
    assert batch.retries == 99


def test_records_that_exceed_the_age_are_given_up_and_the_rest_is_tried_on():
    reader = ShardReader(Settings(batch_size=3, max_age_seconds=60))
    records = [record(0, 10.0), record(1, 20.0), record(2, 90.0)]
    assert reader.next(records, 100.0)
    reader.failed()
    old = reader.too_old(100.0)
    assert old is not None
    assert (numbers(old.records), old.condition) == ([0, 1], TOO_OLD)
    batch = reader.next(records, 100.0)
    assert batch is not None
    assert numbers(batch.records) == [2]


def test_a_reported_number_is_a_checkpoint():
    reader = ShardReader(Settings(batch_size=4, max_attempts=0))
    records = [record(n) for n in range(4)]
    reader.next(records, 0.0)
    discarded = reader.failed("00002")
    assert discarded is not None
    assert numbers(discarded.records) == [2, 3]
    assert reader.done == "00003"


def test_a_batch_waits_for_more_within_its_window():
    reader = ShardReader(Settings(batch_size=3, window_seconds=5))
    assert reader.next([record(0)], 100.0) is None
    assert reader.next([record(0), record(1)], 104.9) is None
    assert reader.next([record(n) for n in range(3)], 104.9) is not None
    reader.succeeded()
    assert reader.next([record(n) for n in range(4)], 200.0) is None
    assert reader.next([record(n) for n in range(4)], 205.0) is not None


def test_the_settings_of_a_mapping_are_infinite_where_it_says_nothing_or_minus_one():
    assert Settings.read({"MaximumRetryAttempts": -1}).max_attempts == math.inf
    assert Settings.read({}).max_age_seconds == math.inf
    assert Settings.read({"MaximumRetryAttempts": 0}).max_attempts == 0
    assert Settings.read({"FunctionResponseTypes": ["ReportBatchItemFailures"]}).reports


@pytest.mark.parametrize(
    ("body", "checkpoint"),
    [
        (None, None),
        ({}, None),
        ({"batchItemFailures": []}, None),
        ({"batchItemFailures": None}, None),
        ({"batchItemFailures": [{"itemIdentifier": "00002"}, {"itemIdentifier": "00001"}]}, "00001"),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, ""),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, ""),
        ({"batchItemFailures": [{"id": "00001"}]}, ""),
        ({"batchItemFailures": [{"itemIdentifier": "00009"}]}, ""),
        ({"batchItemFailures": "00001"}, ""),
        ("no JSON", ""),
    ],
)
def test_what_a_function_reports_is_read_as_the_guide_says(body, checkpoint):
    assert checkpoint_of(body, [record(n) for n in range(3)]) == checkpoint


@given(
    st.integers(1, 7),
    st.booleans(),
    st.integers(0, 3),
    st.sets(st.integers(0, 29)),
    st.randoms(use_true_random=False),
)
def test_every_record_is_done_or_given_up_once_and_in_order(size, bisects, tries, poison, chance):
    reader = ShardReader(Settings(batch_size=size, bisects=bisects, max_attempts=tries))
    records, ends = [record(n) for n in range(30)], []
    for _ in range(2000):
        batch = reader.next(records, 0.0)
        if batch is None:
            break
        tried = numbers(batch.records)
        bad = [n for n in tried if n in poison]
        if not bad:
            reader.succeeded()
            ends += tried
            continue
        reports = chance.random() < 0.5
        discarded: Discarded | None = reader.failed(f"{bad[0]:05d}" if reports else "")
        if reports and tried.index(bad[0]):
            ends += tried[: tried.index(bad[0])]
        if discarded:
            ends += numbers(discarded.records)
    assert ends == list(range(30))
    assert reader.is_drained(records)
