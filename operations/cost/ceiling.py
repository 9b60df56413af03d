"""`[budget] max_monthly_usd`: a stage that is forecast to cost more is not synthesised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError
from operations.cost import forecast as forecasting
from operations.cost.forecast import IDLE, REQUESTS, RETRAINING, Line
from operations.cost.prices import Prices

LARGEST = 3


class OverBudgetError(PipelineConfigError):
    """The forecast is above the ceiling, or can't be held against it."""


def hold(template: Mapping[str, Any], config: PipelineConfig, stage: str, prices: Prices) -> None:
    """Raises OverBudgetError, with the largest items and what would lower them."""
    budget = config.budget
    if budget.max_monthly_usd is None:
        return
    lines = forecasting.forecast(template, config, stage, prices)
    unknown = [line.item for line in lines if line.expected is None and line.lower_by]
    if unknown:
        raise OverBudgetError(
            f"[budget] max_monthly_usd = {budget.max_monthly_usd:g} can't be held against "
            f"{', '.join(unknown)}: no price is known for it. Enter it in "
            "operations/cost/prices.toml with its source, or choose "
            "another instance type"
        )
    weights = {
        IDLE: 1.0,
        RETRAINING: budget.retrainings_per_month,
        REQUESTS: budget.million_requests_per_month,
    }
    month = sum(weights[line.group] * (line.expected or 0.0) for line in lines)
    if month > budget.max_monthly_usd:
        raise OverBudgetError(
            f"stage {stage} is forecast to cost ${month:,.0f} a month, and [budget] max_monthly_usd allows "
            f"${budget.max_monthly_usd:,.0f}. The largest items:\n{_largest(lines, weights)}"
        )


def _largest(lines: Sequence[Line], weights: Mapping[str, float]) -> str:
    weighed = sorted(
        ((weights[line.group] * (line.expected or 0.0), line) for line in lines), key=lambda p: -p[0]
    )
    return "\n".join(
        f"  ${amount:,.2f}  {line.item}" + (f": {line.lower_by}" if line.lower_by else "")
        for amount, line in weighed[:LARGEST]
    )
