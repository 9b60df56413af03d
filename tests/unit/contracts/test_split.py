"""`[split]`: how rows are kept apart."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError

STAGE = {"strategy": "all_at_once"}
DOCUMENT: dict[str, Any] = {
    "pipeline": {"name": "sales"},
    "dataset": {
        "target": "price",
        "task": "regression",
        "columns": [
            {"name": "customer", "type": "category"},
            {"name": "sold_at", "type": "date"},
            {"name": "size", "type": "number", "nullable": True},
            {"name": "price", "type": "number"},
        ],
    },
    "training": {"estimator": "linear"},
    "deployment": {"dev": STAGE, "prod": STAGE},
}


def config(**split: Any) -> PipelineConfig:
    return PipelineConfig.from_document({**deepcopy(DOCUMENT), **({"split": split} if split else {})})


def test_a_file_without_a_split_still_loads_and_goes_by_row() -> None:
    contract = config().dataset
    assert contract.split.by == "row"
    assert contract.identity == ("customer", "sold_at", "size")


def test_the_target_never_identifies_a_row() -> None:
    assert "price" not in config().dataset.identity
    assert "price" not in config(by="time", time="sold_at").dataset.identity


def test_identifiers_identify_a_row_where_there_are_any() -> None:
    document = deepcopy(DOCUMENT)
    document["dataset"]["identifiers"] = ["customer"]
    assert PipelineConfig.from_document(document).dataset.identity == ("customer",)


def test_a_group_identifies_its_rows_and_is_no_feature() -> None:
    contract = config(by="group", group="customer").dataset
    assert contract.identity == ("customer",)
    assert "customer" not in [column.name for column in contract.feature_columns]


def test_by_position_a_row_is_known_by_its_place_alone() -> None:
    contract = config(by="position").dataset
    assert contract.identity == ("greenlight_fold",)
    assert [c.name for c in contract.feature_columns] == ["customer", "sold_at", "size"]
    with pytest.raises(PipelineConfigError, match="says nothing in a split by position"):
        config(by="position", group="customer")


def test_a_time_split_may_leave_a_gap() -> None:
    split = config(by="time", time="sold_at", gap_days=7).dataset.split
    assert (split.by, split.time, split.gap_days) == ("time", "sold_at", 7)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"by": "rows"}, "split.by: 'rows' is not one of row, group, time"),
        ({"by": "group"}, "split.group: is missing"),
        ({"by": "time"}, "split.time: is missing"),
        ({"group": "customer"}, "split.group: says nothing in a split by row"),
        ({"by": "group", "group": "client"}, "'client' is not among the columns customer, sold_at"),
        ({"by": "group", "group": "price"}, "'price' is the target"),
        ({"by": "group", "group": "size"}, "'size' is nullable"),
        ({"by": "time", "time": "customer"}, "'customer' is category; time is a date"),
        ({"by": "row", "gap_days": 3}, "split.gap_days: says nothing"),
        ({"by": "time", "time": "sold_at", "gap_days": -1}, "split.gap_days: -1 is outside"),
        ({"by": "row", "seed": 3}, "split.seed: is not a known key"),
    ],
)
def test_a_wrong_split_is_named_with_key_and_reason(split: dict[str, Any], message: str) -> None:
    with pytest.raises(PipelineConfigError) as caught:
        config(**split)
    assert message in str(caught.value)


def test_a_gap_needs_dates() -> None:
    document = deepcopy(DOCUMENT)
    document["dataset"]["columns"][1]["type"] = "integer"
    document["split"] = {"by": "time", "time": "sold_at", "gap_days": 3}
    with pytest.raises(PipelineConfigError, match="only dates are so many days apart"):
        PipelineConfig.from_document(document)


def test_another_split_is_another_contract() -> None:
    hashes = {config().contract_hash, config(by="group", group="customer").contract_hash}
    assert len(hashes) == 2
