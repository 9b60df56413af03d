"""Why a champion may have collapsed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from lambdas.evaluate_model.advice import advice
from lambdas.evaluate_model.causes import Case, causes_of
from lambdas.evaluate_model.drift import drift_of
from lambdas.evaluate_model.gate import BETTER, COLLAPSED, NOT_COMPARABLE, REJECTED, Verdict
from tests.unit.lambdas.evaluate_model import world

RANDOM = np.random.default_rng(11)
SIZE, AGE = RANDOM.normal(20, 5, 500), RANDOM.normal(40, 10, 500)
PRICE = 10 * SIZE + AGE + RANDOM.normal(0, 5, 500)
PROFILE = world.profile_of({"size": SIZE.tolist(), "age": AGE.tolist()})
for column in PROFILE["columns"].values():
    column["quantiles"] |= {"0.1": 0.0, "0.9": 0.0}
for name, values in (("size", SIZE), ("age", AGE)):
    PROFILE["columns"][name]["quantiles"] = {
        f"{q:g}": float(np.quantile(values, q)) for q in (0.1, 0.25, 0.5, 0.75, 0.9)
    }


def ask(columns: Mapping[str, Any]) -> Any:
    return 10 * columns["size"] + columns["age"]


def case(target: Any = PRICE, size: Any = SIZE, recorded: float | None = 0.9) -> Case:
    columns = {"size": size, "age": AGE}
    return Case(
        metric="rmse_error",
        columns=columns,
        target=target,
        answers=ask(columns),
        ask=ask,
        recorded=recorded,
        profile=PROFILE,
        drift=drift_of(PROFILE, columns),
        target_name="price",
    )


@pytest.mark.parametrize("recorded", [0.9, None])
def test_labels_of_other_rows_are_told(recorded: float | None) -> None:
    for other in (RANDOM.permutation(PRICE), np.roll(PRICE, 1)):
        (cause,) = causes_of(case(other, recorded=recorded))
        assert cause.startswith("labels belong to other rows")


def test_a_target_in_another_unit_is_told_with_its_factor() -> None:
    (cause,) = causes_of(case(PRICE * 1000))
    assert "changed its unit" in cause
    assert "times what they were" in cause
    factor = float(cause.split("labels are ")[1].split(" ")[0].replace(",", ""))
    assert factor == pytest.approx(1000, rel=0.02)


def test_a_shifted_target_is_told() -> None:
    (cause,) = causes_of(case(PRICE + 5000))
    assert "changed its zero: labels are shifted by" in cause


@pytest.mark.parametrize(("factor", "zero"), [(1000.0, 0.0), (1.8, 32.0), (0.01, 0.0)])
def test_a_column_in_another_unit_is_told_and_undone(factor: float, zero: float) -> None:
    causes = causes_of(case(size=SIZE * factor + zero))
    assert causes[0].startswith("a column changed its unit: size is about")


def test_a_column_that_moved_otherwise_is_told_as_drift() -> None:
    moved = np.where(RANDOM.random(500) < 0.5, SIZE, 90.0)
    causes = causes_of(case(RANDOM.permutation(PRICE), size=moved))
    assert causes[0].startswith("drift: size has moved by a PSI of")


def test_swapped_classes_are_told_by_name() -> None:
    truth = (PRICE > 240).astype(int)
    probability = 1 / (1 + np.exp(-(ask({"size": SIZE, "age": AGE}) - 240) / 5))
    answers = np.column_stack([1 - probability, probability])
    found = Case(
        metric="log_loss_error",
        columns={"size": SIZE, "age": AGE},
        target=1 - truth,
        answers=answers,
        ask=lambda _: answers,
        recorded=0.7,
        profile=PROFILE,
        drift=[],
        target_name="dear",
        classes=("no", "yes"),
    )
    (cause,) = causes_of(found)
    assert cause.startswith("labels swapped: 'yes' stands for 'no', 'no' stands for 'yes'")


def test_where_no_test_finds_a_cause_that_is_said() -> None:
    noisy = PRICE + RANDOM.normal(0, 100, 500)
    assert causes_of(case(noisy)) == ["no test found a cause: neither labels, units nor drift explain it"]


@pytest.mark.parametrize("outcome", [BETTER, REJECTED, COLLAPSED, NOT_COMPARABLE])
def test_every_verdict_says_what_to_do_next(outcome: str) -> None:
    from lambdas.evaluate_model.checks import Check

    failed = Check(name="gain", figure=0.0, bound=0.1, unit="share", passed=False, explanation="x")
    verdict = Verdict(
        promote=outcome == BETTER, outcome=outcome, reason="r", checks=(failed,), gains=np.zeros(1)
    )
    sentences = advice(verdict, ["labels swapped"])
    assert sentences
    assert ("labels swapped" in sentences[0]) == (outcome == COLLAPSED)
