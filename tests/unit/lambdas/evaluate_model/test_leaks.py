"""Columns that give the target away."""

from __future__ import annotations

import numpy as np

from lambdas.evaluate_model.leaks import leaks_of

RANDOM = np.random.default_rng(4)
A, B, NOISE = (RANDOM.normal(100, 20, 500) for _ in range(3))
WORDS = np.array(["red", "green", "blue"], dtype=object)[RANDOM.integers(0, 3, 500)]


def test_the_sum_of_two_columns_is_found() -> None:
    """As of rentals by casual and by registered riders."""
    columns = {"casual": A, "registered": B, "weather": NOISE, "colour": WORDS}
    assert leaks_of(columns, A + B) == ["casual + registered tells the target"]


def test_the_difference_of_two_columns_is_found() -> None:
    assert leaks_of({"gross": A, "costs": B}, 2 * (A - B) + 7) == ["gross - costs tells the target"]


def test_one_column_is_found_in_whatever_unit_and_not_again_in_pairs() -> None:
    assert leaks_of({"price_in_cents": 100 * A, "b": B}, A) == ["price_in_cents alone tells the target"]


def test_a_strong_feature_is_no_leak() -> None:
    assert leaks_of({"a": A, "b": B}, A + 0.05 * NOISE) == []


def test_a_number_that_sorts_two_classes_is_found() -> None:
    classes = (A > 100).astype(int)
    assert leaks_of({"a": A, "b": B}, classes, 2) == ["a alone tells the target"]
    assert leaks_of({"b": B, "noise": NOISE}, classes, 2) == []


def test_a_word_that_stands_for_a_class_is_found_and_an_id_is_not() -> None:
    classes = np.array([{"red": 0, "green": 1, "blue": 2}[word] for word in WORDS])
    ids = np.array([f"id{n}" for n in range(500)], dtype=object)
    assert leaks_of({"colour": WORDS, "id": ids}, classes, 3) == ["colour alone tells the target"]


def test_few_rows_prove_no_leak() -> None:
    assert leaks_of({"a": np.array([1.0, 2.0])}, np.array([1.0, 2.0])) == []
