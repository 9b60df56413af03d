"""The forecast of one stage of a project: its app is synthesised, and its template walked."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from contracts.budget import Budget
from contracts.pipeline_config import FILE_NAME, PipelineConfig
from contracts.reading import PipelineConfigError
from operations.cost import forecast as forecasting
from operations.cost.forecast import Line
from operations.cost.prices import Prices
from operations.doctor.template import SynthesisError, synthesise


class ForecastError(Exception):
    """The app can't be synthesised; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Its lines, and the month that `budget` counts with."""

    lines: tuple[Line, ...]
    budget: Budget

    def month(self, *, retrainings: float | None = None, million_requests: float | None = None) -> float:
        """US dollars expected, of what has a price; with the budget's own counts where none is given."""
        own = self.budget
        return forecasting.monthly(
            self.lines,
            retrainings=own.retrainings_per_month if retrainings is None else retrainings,
            million_requests=own.million_requests_per_month if million_requests is None else million_requests,
        )


def forecast_of(root: Path, stage: str) -> Forecast:
    """Takes some seconds; raises ForecastError."""
    try:
        config = PipelineConfig.load(root / FILE_NAME)
        with tempfile.TemporaryDirectory() as directory:
            template = synthesise(root, stage, Path(directory))
    except (PipelineConfigError, SynthesisError) as error:
        raise ForecastError(str(error)) from None
    return Forecast(lines=forecasting.forecast(template, config, stage, Prices.load()), budget=config.budget)
