"""What the page shows when it is asked for: the monitor's verdicts, and what the stage costs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from operations.cli.deciding import words
from operations.cli.output import plain
from operations.reading.errors import ReadingError
from operations.reading.stage import StageReader

if TYPE_CHECKING:
    from operations.cost.forecast import Line
    from operations.cost.stage import Forecast

DRIFT_AGE_SECONDS, APPROVALS_AGE_SECONDS = 20.0, 3.0
WINDOWS = 48
Document = dict[str, Any]


@dataclass
class Kept:
    """An answer that is made anew once it is older than `max_age_seconds`; one at a time makes it."""

    make: Callable[[], Document]
    max_age_seconds: float
    clock: Callable[[], float] = time.monotonic
    _made: Document | None = None
    _at: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self) -> Document:
        """What went wrong is not kept."""
        with self._lock:
            if self._made is None or self.clock() - self._at >= self.max_age_seconds:
                self._made, self._at = self.make(), self.clock()
            return self._made

    def forget(self) -> None:
        """Make it anew for whoever asks next."""
        with self._lock:
            self._made = None


def approvals(reader: StageReader) -> Document:
    """Whether the stage asks a person, and the models that wait for one, with what a yes rests on."""
    asks = reader.asks_a_person()
    waiting = reader.pending() if asks else ()
    return {"asks": asks, "waiting": [{**plain(one), "words": words(one)} for one in waiting]}


def drift(reader: StageReader) -> Document:
    """The heat map: windows the oldest first, columns by how far they moved in the newest."""
    found = reader.verdicts(WINDOWS)
    if not found:
        return {"watched": reader.is_watched(), "newest": None, "windows": [], "columns": []}
    windows = list(reversed(found))
    by_hour = [{moved.column: moved for moved in one.columns} for one in windows]
    columns = [
        {
            "name": moved.column,
            "psi": moved.psi,
            "drifted": moved.drifted,
            "shares": [one[moved.column].effect_share if moved.column in one else None for one in by_hour],
            "drifts": [bool(one.get(moved.column) and one[moved.column].drifted) for one in by_hour],
        }
        for moved in found[0].columns
    ]
    newest = {key: value for key, value in plain(found[0]).items() if key != "columns"}
    hours = [{"hour": one.hour, "status": one.status, "rows": one.rows} for one in windows]
    return {"watched": True, "newest": newest, "windows": hours, "columns": columns}


def cost(forecast: Callable[[], Forecast]) -> Document:
    """The forecast by group, the largest items first."""
    from operations.cost.show import interval, sums, usd
    from operations.cost.stage import ForecastError

    try:
        found = forecast()
    except ForecastError as error:
        raise ReadingError(str(error), "Mend it, then load the page again.") from None
    groups = []
    for name, expected, span in sums(found.lines):
        own = sorted((line for line in found.lines if line.group == name), key=_dearest)
        largest = max((line.expected or 0.0 for line in own), default=0.0)
        items = [
            {
                "item": line.item,
                "expected": usd(line.expected),
                "range": interval(line),
                "share": (line.expected or 0.0) / largest if largest else 0.0,
                "assumption": line.assumption,
                "lower_by": line.lower_by,
            }
            for line in own
        ]
        groups.append({"name": name, "expected": expected, "range": span, "items": items})
    budget = found.budget
    return {
        "month": usd(found.month()),
        "retrainings": budget.retrainings_per_month,
        "million_requests": budget.million_requests_per_month,
        "ceiling": None if budget.max_monthly_usd is None else usd(budget.max_monthly_usd),
        "groups": groups,
    }


def _dearest(line: Line) -> float:
    return -(line.expected or 0.0)
