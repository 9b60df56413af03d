"""What people, clocks and other runs do to the monitor while it works."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lambdas.datasets.sides import Sides
from tests.unit.lambdas.evaluate_model import world
from tests.unit.lambdas.monitoring.conftest import RAW, Monitor, at, rows
from tests.unit.lambdas.monitoring.test_the_loop import truth


def test_a_file_that_holds_no_labels_is_set_aside_whole_and_spoils_no_other(monitor: Monitor) -> None:
    asked = rows(600, 41)
    monitor.label(monitor.capture(asked, at(1)), truth(asked))
    monitor.put_raw("labels/wrong.csv", b"name,colour\nx,red\n")
    monitor.put_raw("labels/notes.csv", b"\x00\xff\xfe not a table")
    found = monitor.run(at(4))["quality"]
    assert (found["status"], found["labelled_rows"]) == ("AS_PROMISED", 600)


def test_of_labels_that_contradict_the_later_file_counts_and_no_row_is_trained_on_twice(
    monitor: Monitor,
) -> None:
    asked = rows(600, 42)
    ids = monitor.capture(asked, at(1))
    monitor.label(ids, truth(asked) + 500, name="a-wrong.csv")
    monitor.label(ids, truth(asked) + 40, name="b-right.csv")
    found = monitor.run(at(4))
    assert found["quality"]["labelled_rows"] == found["retraining"]["new_rows"] == 600
    key = found["retraining"]["upload_uri"].removeprefix(f"s3://{RAW}/")
    prices = np.array(monitor.upload(key).column("price").to_pylist()[-600:], dtype=float)
    assert abs(prices - truth(asked) - 40).max() < 100


def test_a_champion_that_changes_in_the_middle_is_not_judged_by_the_run_that_began_before(
    monitor: Monitor,
) -> None:
    asked = rows(600, 43)
    monitor.label(monitor.capture(asked, at(1)), truth(asked))
    document: dict[str, Any] = {"now": at(4).isoformat(), "execution_arn": "arn:run"}
    document = monitor.state("ReadWindow", document)
    before = document["window"]["champion_arn"]
    package = monitor.pipeline.sagemaker.packages[0]
    package["CustomerMetadataProperties"] |= {
        "training_job_name": "second",
        "promoted_at": at(3).isoformat(timespec="milliseconds"),
    }
    monitor.pipeline.sagemaker.in_service("second")
    for name in ("JudgeDrift", "JudgeQuality", "PublishMonitoring"):
        document = monitor.state(name, document)
    assert document["window"]["champion_arn"] == before
    assert document["drift"]["status"] == "NO_DRIFT"
    assert document["quality"]["status"] == "AS_PROMISED"
    # The next run looks at the new champion's rows alone, of which there are none yet.
    assert monitor.run(at(5))["drift"]["status"] == "INSUFFICIENT_DATA"


def test_a_run_that_starts_late_or_twice_looks_at_the_hours_of_its_schedule(monitor: Monitor) -> None:
    """The time is the schedule's, whatever a function's own clock says."""
    monitor.capture(rows(300, 44), at(1))
    monitor.capture({**rows(300, 45), "region": ["north"] * 300}, at(5))
    early, late = monitor.run(at(4.25)), monitor.run(at(4.25) + timedelta(minutes=40))
    assert early["window"]["last_hour"] == late["window"]["last_hour"]
    assert early["window"]["rows"] == late["window"]["rows"] == 300
    assert late["drift"] == early["drift"]


def test_captures_of_a_clock_that_is_ahead_wait_for_their_hour(monitor: Monitor) -> None:
    monitor.capture(rows(300, 46), at(1))
    monitor.capture(rows(300, 47), at(30))
    assert monitor.run(at(4))["window"]["rows"] == 300


@given(
    st.lists(st.tuples(st.integers(0, 300), st.floats(0, 1e6)), min_size=1, max_size=60, unique=True),
    st.lists(st.tuples(st.integers(0, 300), st.floats(0, 1e6)), max_size=60, unique=True),
    st.randoms(use_true_random=False),
)
def test_no_row_is_in_training_in_one_version_and_in_holdout_in_another(first, added, chance) -> None:
    """Whatever joins it, and wherever it stands in the file."""
    contract = world.config().dataset
    second = list(dict.fromkeys([*first, *added]))
    chance.shuffle(second)
    before, after = _sides(contract, first), _sides(contract, second)
    assert all(after[row] == side for row, side in before.items())


def _sides(contract, identities):
    names = list(contract.identity)
    batch = pa.RecordBatch.from_pydict(
        {
            name: pa.array([f"{age}" for age, _ in identities])
            if contract.column(name).type in ("category", "text")
            else pa.array([float(size) + place for _, size in identities])
            for place, name in enumerate(names)
        }
        | {
            column.name: pa.nulls(len(identities), pa.float64())
            for column in contract.columns
            if column.name not in names
        }
    )
    found, _ = Sides(contract).of(batch)
    return dict(zip(identities, found.tolist(), strict=True))
