"""Figures of parts come to those of the whole."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.dataset import Column
from lambdas.datasets.moments import merged_figures
from lambdas.ingest_part.part import power_of_two
from lambdas.merge_parts import profile
from lambdas.merge_parts.profile import thinning
from tests.unit.lambdas.in_parts.conftest import Intake
from tests.unit.lambdas.ingest_data.uploads import config, csv_of, rows

NUMBER: Column = config().dataset.column("value")


def figures_of(values: np.ndarray) -> dict[str, float]:
    return {
        "count": len(values),
        "missing": 1,
        "min": values.min(),
        "max": values.max(),
        "mean": values.mean(),
        "standard_deviation": values.std(),
    }


def test_moments_are_combined_though_their_means_lie_far_apart() -> None:
    random = np.random.default_rng(7)
    parts = [random.normal(mean, 0.5, size) for mean, size in ((1e6, 10), (1e6 + 3, 4000), (1e6 - 7, 1))]
    merged = merged_figures(NUMBER, [figures_of(part) for part in parts])
    whole = np.concatenate(parts)
    assert (merged["count"], merged["missing"]) == (4011, 3)
    assert (merged["min"], merged["max"]) == (whole.min(), whole.max())
    assert merged["mean"] == pytest.approx(whole.mean(), rel=1e-14)
    assert merged["standard_deviation"] == pytest.approx(whole.std(), rel=1e-9)


def test_a_part_without_values_takes_no_part_in_the_moments() -> None:
    nothing = {"count": 0, "missing": 5, **dict.fromkeys(("min", "max", "mean", "standard_deviation"))}
    assert merged_figures(NUMBER, [nothing, figures_of(np.array([2.0, 4.0]))]) == {
        "count": 2,
        "missing": 6,
        "min": 2.0,
        "max": 4.0,
        "mean": 3.0,
        "standard_deviation": 1.0,
    }
    assert merged_figures(NUMBER, [nothing])["mean"] is None


@pytest.mark.parametrize(("step", "expected"), [(1, 1), (2, 2), (3, 4), (5, 8), (8, 8), (100, 128)])
def test_a_parts_step_is_a_power_of_two(step: int, expected: int) -> None:
    assert power_of_two(step) == expected


def test_samples_are_thinned_to_one_step_and_not_more_than_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "_MOST_SAMPLED", 1000)
    assert thinning([1, 1], [400, 600]) == [1, 1]
    assert thinning([1, 4], [400, 100]) == [4, 1]
    assert thinning([1, 1], [900, 900]) == [2, 2]
    assert thinning([1, 4], [4000, 1000]) == [8, 2]
    assert thinning([], []) == []
    assert all(type(step) is int for step in thinning([1, 4], [4000, 1000]))  # a step of a slice


def test_quantiles_of_a_sample_are_near_those_of_all_rows(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdas.list_parts.handler.SAMPLE_ROWS", 1000)
    monkeypatch.setattr("lambdas.list_parts.handler._MIN_SAMPLE_ROWS", 10)
    monkeypatch.setattr(profile, "_MOST_SAMPLED", 2000)
    lines = rows(20_000)
    whole = intake.whole(csv_of(lines))
    merged = intake.in_parts({"a.csv": csv_of(lines[:15_000]), "b.csv": csv_of(lines[15_000:])})
    found, exact = (intake.json(document["profile_uri"]) for document in (merged, whole))
    assert found["sampled_rows"] < 2001
    assert found["rows"] == exact["rows"] == 20_000
    value, known = found["columns"]["value"], exact["columns"]["value"]
    assert (value["min"], value["max"], value["count"]) == (known["min"], known["max"], known["count"])
    spread = known["max"] - known["min"]
    for share, quantile in known["quantiles"].items():
        assert abs(value["quantiles"][share] - quantile) < 0.02 * spread
    assert sum(value["histogram"]["counts"]) == found["sampled_rows"]
