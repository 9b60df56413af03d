"""The shelf is large enough, and its document says what the figures say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.tables.judging import asked
from benchmarks.tables.report import loss_share, report
from benchmarks.tables.shelf import SHELF

NAMES = {table.name for table in SHELF}


def found(name: str, ours: float, **figures: Any) -> dict[str, Any]:
    return {
        "name": name,
        "hopeless": False,
        "budget_seconds": 10,
        "outcome": "promoted",
        "reason": "it is better",
        "metric": "rmse_error",
        "rows": 1000,
        "estimator": "linear",
        "ours": ours,
        "dummy": 9.0,
        **figures,
    }


def test_the_shelf_holds_what_it_has_to() -> None:
    assert len(NAMES) == len(SHELF) >= 25
    assert sum(table.hopeless for table in SHELF) == 2
    wanted = {"iris", "diabetes", "penguins", "titanic", "breast_cancer", "credit_default", "bike_share"}
    assert wanted | {"flights", "caravan", "seattle_weather"} <= NAMES


def test_the_document_counts_wins_and_losses() -> None:
    results = [
        found("a", 1.0, boosting=1.1, boosting_worse_share=0.9, forest=1.2, linear=1.3, flaml=1.0),
        found("b", 2.0, boosting=1.0, boosting_worse_share=0.99, forest=1.2, linear=1.3, flaml=1.0),
        {
            **found("c", 1.0, boosting=1.1, flaml=1.0),
            "hopeless": True,
            "outcome": "refused",
            "reason": "no luck",
        },
        {"name": "d", "hopeless": False, "budget_seconds": 10, "outcome": "failed", "reason": "it broke"},
    ]
    text = report(results)
    assert "promoted unedited: 2 of 2" in text
    assert "hopeless ones refused: 1 of 1" in text
    assert "defaults by more than 2%: 1 of 2 (b)" in text
    assert "by more than noise, in 97.5% of 1,000 paired resamples of the held-out rows: 1 (b)" in text
    assert "| a | 1,000 |" in text
    assert "*" not in text
    assert "picked afterwards on these rows: 1 of 2; better or equal: 1 of 2" in text
    assert "(below zero is better): +50.0%, over 2 tables" in text
    assert "- d: it broke" in text


def test_a_loss_that_other_rows_might_not_show_is_told_apart_from_one_that_they_would() -> None:
    few = found("b", 2.0, boosting=1.0, boosting_worse_share=0.9, forest=1.2, linear=1.3, flaml=1.0)
    text = report([{**few, "earlier": True}])
    assert "defaults by more than 2%: 1 of 1 (b)" in text
    assert "of the held-out rows: 0\n" in text
    assert "| b* | 1,000 |" in text
    equal = found("c", 1.0002, boosting=1.1, forest=1.2, linear=1.0, flaml=1.0)
    assert "on these rows: 0 of 1; better or equal: 1 of 1" in report([equal])
    assert "Rows with * were measured with an earlier list" in text


def test_how_busy_the_machine_was_is_said_where_it_is_known() -> None:
    results = [{**found(name, 1.0), "load_average": load} for name, load in (("a", 12.34), ("b", 2.0))]
    assert "The load average was 2.0 to 12.3 meanwhile." in report(results)
    assert "load average" not in report([found("a", 1.0)])


def test_a_loss_is_a_share_of_the_peers_error() -> None:
    assert loss_share({"ours": 1.5, "flaml": 1.0}, "flaml") == pytest.approx(0.5)


def test_a_partial_run_names_what_was_not_run() -> None:
    refused = {"name": "coin", "hopeless": True, "budget_seconds": 15, "outcome": "failed", "reason": "x"}
    assert "Not run yet, and so in none of these counts: iris," in report([refused])
    everything = [{**refused, "name": table.name} for table in SHELF]
    assert "Not run yet" not in report(everything)


def test_the_peers_answers_are_kept_as_long_as_they_are_asked_the_same(tmp_path: Path) -> None:
    def name(budget: int = 15, rows: bytes = b"rows", folder: str = "a") -> str:
        (place := tmp_path / folder).mkdir(exist_ok=True)
        for part in ("train", "holdout"):
            (place / part).write_bytes(rows)
        job = {"train": str(place / "train"), "holdout": str(place / "holdout"), "budget_seconds": budget}
        (place / "job.json").write_text(json.dumps(job))
        return asked(place)

    assert name() == name() == name(folder="b")
    assert len({name(), name(budget=30), name(rows=b"others")}) == 3
