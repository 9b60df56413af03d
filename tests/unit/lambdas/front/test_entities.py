"""Rows that name an entity, filled from the feature store; missing and stale ones by the group's rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from contracts.feature_groups import LAST_EVENT, FeatureGroup
from lambdas.front.problems import Problem
from lambdas.predict.entities import Filled, Filler
from tests.unit.lambdas.test_accept_records import CONFIG

NAME, NOW = "housing-dev-houses-v1", 1000.0
GROUP = FeatureGroup(
    name="houses",
    entity="house",
    features=("median_income", "ocean_proximity", "total_rooms"),
    stale_after_seconds=100,
)
RECORD = {"median_income": "3.5", "ocean_proximity": "INLAND", "total_rooms": "880.0", LAST_EVENT: "990.5"}


class Store:
    """Holds records by entity, and remembers what it was asked."""

    def __init__(self, **records: dict[str, str]) -> None:
        self.records = records
        self.asked: list[tuple[Mapping[str, Sequence[str]], Mapping[str, Sequence[str]]]] = []

    def read(self, wanted: Mapping[str, Sequence[str]], names: Mapping[str, Sequence[str]]) -> Any:
        self.asked.append((wanted, names))
        return {(NAME, entity): record for entity, record in self.records.items()}


def fill(rows: list[dict[str, Any]], store: Store, group: FeatureGroup = GROUP) -> Filled:
    return Filler([(NAME, group)], CONFIG.dataset).fill(rows, store.read, NOW)


def test_a_row_is_filled_by_one_read_and_what_it_says_itself_counts():
    store = Store(a=RECORD)
    filled = fill([{"house": "a", "population": 3}, {"house": "a", "median_income": 9.0}], store)
    known = {"median_income": 3.5, "ocean_proximity": "INLAND", "total_rooms": 880.0}
    assert filled.rows == [{**known, "population": 3}, {**known, "median_income": 9.0}]
    assert (filled.oldest_seconds, filled.as_document()) == (9.5, {})
    assert store.asked == [({NAME: ["a"]}, {NAME: [*GROUP.features, LAST_EVENT]})]


def test_rows_without_an_entity_are_left_as_they_are_and_nothing_is_read():
    store = Store()
    assert fill([{"population": 3}], store).rows == [{"population": 3}]
    assert store.asked == []


@pytest.mark.parametrize("record", [{}, {"a": {**RECORD, LAST_EVENT: "899"}}], ids=["missing", "stale"])
def test_what_is_missing_or_stale_is_marked_defaulted_or_refused(record):
    store = Store(**record)
    marked = fill([{"house": "a"}], store)
    assert marked.rows == [dict.fromkeys(GROUP.features)]
    assert [(one["row"], one["group"]) for one in marked.missing] == [(1, "houses")]
    defaulting = replace(GROUP, when_missing="default", defaults={"total_rooms": 1.0})
    defaulted = fill([{"house": "a"}], store, defaulting)
    assert defaulted.rows == [{"median_income": None, "ocean_proximity": None, "total_rooms": 1.0}]
    assert (defaulted.missing, defaulted.lacking) == ([], 1)
    with pytest.raises(Problem) as refused:
        fill([{"population": 1}, {"house": "a"}], store, replace(GROUP, when_missing="refuse"))
    assert (refused.value.status, refused.value.mistakes[0].row, refused.value.mistakes[0].field) == (
        400,
        2,
        "house",
    )


@pytest.mark.parametrize("entity", ["", None, 1.5, True, "x" * 257])
def test_what_is_no_entity_is_refused_by_row_and_field(entity):
    with pytest.raises(Problem, match="row 1, field 'house': expected a text") as refused:
        fill([{"house": entity}], Store())
    assert refused.value.status == 400


def test_more_entities_than_one_read_takes_are_too_many():
    with pytest.raises(Problem, match="101 entities") as refused:
        fill([{"house": number} for number in range(101)], Store())
    assert refused.value.status == 413


def test_a_feature_that_is_no_column_of_the_model_is_neither_asked_for_nor_sent():
    group = replace(GROUP, features=("median_income", "median_house_value"))
    store = Store(a=RECORD)
    assert fill([{"house": "a"}], store, group).rows == [{"median_income": 3.5}]
    assert store.asked[0][1] == {NAME: ["median_income", LAST_EVENT]}
