"""The reference of pipeline.toml is made of the classes that read it, and lacks no key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError
from operations.reference import document
from operations.reference.examples import REGRESSION

ROOT = Path(__file__).parents[4]
READ = re.compile(
    r'table\.(?:text|choice|mark|flag|integer|number|optional_number|texts|scalars)\(\s*"(\w+)"'
)


def test_the_page_is_current():
    assert document.PLACE.read_text(encoding="utf-8") == document.render(), (
        "run python -m operations.reference.document --write"
    )


def test_every_key_that_any_class_reads_is_on_the_page():
    page = document.render()
    read = {key for path in (ROOT / "contracts").glob("*.py") for key in READ.findall(path.read_text())}
    assert len(read) > 80
    assert sorted(key for key in read if f"| `{key}` |" not in page) == []


def test_every_key_of_the_shipped_file_is_on_the_page():
    page = document.render()
    keys = re.findall(r"^(\w+) = ", (ROOT / "pipeline.toml").read_text(), re.MULTILINE)
    parameters = {"max_iter", "learning_rate", "max_leaf_nodes", "max_features", "early_stopping"}
    assert sorted(key for key in set(keys) - parameters if f"| `{key}` |" not in page) == []


@pytest.mark.parametrize(
    ("row"),
    [
        "| `holdout_share` | number | share, 0-1 | 0.01 to 0.5 | `0.2` |",
        "| `baking_seconds` | whole number | s | 0 to 3,600 | `600` |",
        "| `max_monthly_usd` | number | US dollars |  | `none` |",
        "| `target` | text |  |  | **must be there** |",
    ],
)
def test_a_key_has_its_unit_its_bounds_and_its_default(row: str):
    assert row in document.render()


def test_the_bounds_that_the_page_tells_are_those_that_refuse():
    wrong = {**REGRESSION, "dataset": {**REGRESSION["dataset"], "holdout_share": 0.6}}
    with pytest.raises(PipelineConfigError, match=r"holdout_share: 0.6 is outside 0.01 to 0.5"):
        PipelineConfig.from_document(wrong)
