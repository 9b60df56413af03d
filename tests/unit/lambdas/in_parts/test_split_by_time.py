"""A dataset that is split by time is the same in one file and in parts."""

from __future__ import annotations

from typing import Any

from tests.unit.lambdas.in_parts.conftest import Intake
from tests.unit.lambdas.in_parts.test_same_as_one_file import counts, same_profile
from tests.unit.lambdas.ingest_data.uploads import config, csv_of

HEADER = "day,x,value"
COLUMNS = [
    {"name": "day", "type": "date"},
    {"name": "x", "type": "number"},
    {"name": "value", "type": "number"},
]


def lines() -> list[str]:
    """Days out of order, so that every part has rows of both sides."""
    return [f"2024-{i * 7 % 4 + 1:02d}-{i * 11 % 28 + 1:02d},{i % 17},{i}" for i in range(360)]


def intake_of(intake: Intake, **dataset: Any) -> Intake:
    intake.config = config(COLUMNS, split={"by": "time", "time": "day", "gap_days": 3}, **dataset)
    return intake


def test_sides_gap_counts_and_profile_are_the_same(intake: Intake) -> None:
    intake = intake_of(intake)
    pieces = (lines()[:100], lines()[100:220], lines()[220:])
    parts = {f"{n}.csv": csv_of(piece, HEADER) for n, piece in enumerate(pieces)}
    whole, merged = intake.whole(csv_of(lines(), HEADER)), intake.in_parts(parts)
    assert whole["accepted"]
    assert merged["accepted"], merged
    assert counts(merged) == counts(whole)
    assert merged["gap_rows"] == whole["gap_rows"] > 0
    for side in ("train_uri", "holdout_uri"):
        assert intake.rows(merged[side]) == intake.rows(whole[side])
    same_profile(intake.json(merged["profile_uri"]), intake.json(whole["profile_uri"]))


def test_training_ends_before_the_holdout_begins(intake: Intake) -> None:
    document = intake_of(intake).whole(csv_of(lines(), HEADER))
    train, holdout = (intake.rows(document[side]) for side in ("train_uri", "holdout_uri"))
    gap = min(row["day"] for row in holdout) - max(row["day"] for row in train)
    assert gap.days > 3
    assert document["train_rows"] + document["holdout_rows"] + document["gap_rows"] == 360


def test_rows_that_parts_repeat_do_not_move_the_cut_off(intake: Intake) -> None:
    """Set aside first, as they are in one file."""
    columns = [{"name": "id", "type": "integer"}, *COLUMNS]
    intake.config = config(
        columns, split={"by": "time", "time": "day"}, identifiers=["id"], bad_row_tolerance_share=0.5
    )
    header = f"id,{HEADER}"
    rows = [f"{i},{line}" for i, line in enumerate(lines())]
    again = [*(row for row in rows if ",2024-04" in row), "999,2024-01-05,3,7"]
    parts = {"a.csv": csv_of(rows, header), "b.csv": csv_of(again, header)}
    whole = intake.whole(csv_of(rows + again, header))
    merged = intake.in_parts(parts)
    assert merged["accepted"], merged
    assert counts(merged) == counts(whole)
    for side in ("train_uri", "holdout_uri"):
        assert intake.rows(merged[side]) == intake.rows(whole[side])


def test_rows_of_one_day_cannot_be_split_by_time(intake: Intake) -> None:
    content = csv_of([f"2024-01-01,{i},{i}" for i in range(60)], HEADER)
    intake = intake_of(intake)
    for document in (intake.whole(content), intake.in_parts({"a.csv": content})):
        assert not document["accepted"]
        assert "all good rows are of one time" in document["message"]
        assert "column 'day'" in document["message"]
