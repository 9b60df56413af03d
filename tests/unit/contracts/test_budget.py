"""`[budget]` may be left out, and is checked where it is there."""

from __future__ import annotations

import pytest

from contracts.budget import UNBOUNDED, Budget
from contracts.reading import PipelineConfigError, Table


def read(**values: object) -> Budget:
    return Budget.read(Table(values, "pipeline.toml", "budget"))


def test_without_the_table_there_is_no_ceiling():
    assert read() == UNBOUNDED
    assert UNBOUNDED.max_monthly_usd is None


def test_a_ceiling_and_what_it_counts():
    found = read(max_monthly_usd=150, retrainings_per_month=30)
    assert (found.max_monthly_usd, found.retrainings_per_month) == (150.0, 30.0)


@pytest.mark.parametrize(
    "values", [{"max_monthly_usd": 0}, {"max_monthly_usd": "much"}, {"retrainings_per_month": -1}, {"max": 1}]
)
def test_a_wrong_value_is_named(values: dict[str, object]):
    with pytest.raises(PipelineConfigError, match=f"budget.{next(iter(values))}"):
        read(**values)
