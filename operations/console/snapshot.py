"""What the page shows live, as one document; asked once for all who look, however many there are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from operations.cli.output import plain
from operations.cli.runs import as_document
from operations.reading.errors import ReadingError
from operations.reading.runs import Run, Summary
from operations.reading.stage import StageReader

MAX_AGE_SECONDS = 1.0
RUNS_AGE_SECONDS = 3.0
MOST_RUNS = 10_000


@dataclass
class Snapshots:
    """The newest snapshot, and the list of runs; both are asked again once they are old."""

    reader: StageReader
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _newest: dict[str, Any] = field(default_factory=dict)
    _taken: float = float("-inf")
    _runs: tuple[Summary, ...] = ()
    _listed: float = float("-inf")
    _champion: tuple[str, Any] = ("", None)

    def newest(self) -> dict[str, Any]:
        """The snapshot; an error of the cloud is part of it."""
        with self._lock:
            if self.clock() - self._taken >= MAX_AGE_SECONDS:
                try:
                    self._newest = self._take()
                except ReadingError as error:
                    self._newest = {"error": error.what, "way_on": error.way_on}
                self._taken = self.clock()
            return self._newest

    def runs(self, offset: int, limit: int, text: str = "") -> dict[str, Any]:
        """A page of the runs, the newest first, each whole."""
        with self._lock:
            if self.clock() - self._listed >= RUNS_AGE_SECONDS:
                self._runs = self.reader.runs(limit=MOST_RUNS)
                self._listed = self.clock()
            found = [run for run in self._runs if text.lower() in f"{run.name} {run.status}".lower()]
        page = self.reader.runs_of(summary.arn for summary in found[offset : offset + limit])
        return {
            "total": len(found),
            "is_cut": len(self._runs) == MOST_RUNS,
            "runs": [_brief(r) for r in page],
        }

    def _take(self) -> dict[str, Any]:
        reader, now = self.reader, datetime.now(UTC)
        endpoint = reader.endpoint()
        if endpoint.config_name != self._champion[0] or self._champion[1] is None:
            self._champion = (
                endpoint.config_name,
                reader.champion(endpoint) if endpoint.config_name else None,
            )
        newest = reader.runs(limit=1)
        run = reader.run_of(newest[0].arn) if newest else None
        configs = tuple(filter(None, (endpoint.config_name, endpoint.pending_config_name)))
        totals = reader.totals(configs, since=now - timedelta(hours=6), now=now) if endpoint.answers else ()
        return {
            "stage": reader.stack.name,
            "place": reader.stack.endpoint_url or reader.stack.region,
            "endpoint": plain(endpoint),
            "champion": plain(self._champion[1]),
            "alarms": plain(reader.alarms()),
            "queues": plain(reader.queues()),
            "totals": plain(totals),
            "run": as_document(run) if run else None,
        }


def _brief(run: Run) -> dict[str, Any]:
    found = as_document(run)
    return {key: found[key] for key in ("name", "upload", "outcome", "meaning", "started_at", "ended_at")} | {
        "is_good": run.is_good,
        "is_running": run.is_running,
    }
