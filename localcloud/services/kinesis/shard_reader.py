"""One shard as one mapping reads it: which records are tried next, and what becomes of them. Pure.

Lambda Developer Guide, "Process Amazon Kinesis Data Streams records with Lambda", "Configuring partial batch
response with Kinesis Data Streams and Lambda" and "Retain discarded batch records for a Kinesis Data Streams
event source in Lambda": a batch is retried until its records expire or exceed the maximum age, or the retry
quota; splitting a batch doesn't consume the quota; of reported sequence numbers the lowest is the checkpoint,
at which a bisected batch is split.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RETRIES_EXHAUSTED, TOO_OLD = "RetryAttemptsExhausted", "RecordAgeExceeded"
Record = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A mapping's own; infinite where it says -1 or nothing."""

    batch_size: int = 100
    window_seconds: float = 0.0
    max_attempts: float = math.inf
    max_age_seconds: float = math.inf
    bisects: bool = False
    reports: bool = False

    @classmethod
    def read(cls, mapping: Mapping[str, Any]) -> Settings:
        def limit(name: str) -> float:
            value = mapping.get(name)
            return math.inf if value is None or int(value) < 0 else float(value)

        return cls(
            batch_size=int(mapping.get("BatchSize", 100)),
            window_seconds=float(mapping.get("MaximumBatchingWindowInSeconds") or 0),
            max_attempts=limit("MaximumRetryAttempts"),
            max_age_seconds=limit("MaximumRecordAgeInSeconds"),
            bisects=str(mapping.get("BisectBatchOnFunctionError", False)).lower() == "true",
            reports="ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or []),
        )


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Records that are tried together; `retries` of them there have been."""

    records: tuple[Record, ...]
    retries: int = 0


@dataclass(frozen=True, kw_only=True)
class Discarded:
    """Records that are given up, and why."""

    records: tuple[Record, ...]
    condition: str
    invocations: int


class ShardReader:
    """`done` is the sequence number of the last record that is dealt with, empty for none."""

    def __init__(self, settings: Settings, done: str = "") -> None:
        self.settings, self.done = settings, done
        self._queue: deque[Batch] = deque()
        self._waiting_since: float | None = None

    def is_drained(self, records: Sequence[Record]) -> bool:
        return not self._queue and not (records and records[-1]["SequenceNumber"] > self.done)

    def next(self, records: Sequence[Record], now: float) -> Batch | None:
        """What to try now, if anything: a batch that failed before, or the next records."""
        if self._queue:
            return self._queue[0]
        found = [record for record in records if record["SequenceNumber"] > self.done]
        if not found:
            return None
        found = found[: self.settings.batch_size]
        if len(found) < self.settings.batch_size and self._should_wait(now):
            return None
        self._waiting_since = None
        batch = Batch(records=tuple(found))
        self._queue.append(batch)
        return batch

    def too_old(self, now: float) -> Discarded | None:
        """Of the batch that is next the records that exceed the maximum age, which are tried no more."""
        batch = self._queue[0]
        oldest = now - self.settings.max_age_seconds
        old = [record for record in batch.records if record["ApproximateArrivalTimestamp"] < oldest]
        if not old:
            return None
        self._queue.popleft()
        if rest := batch.records[len(old) :]:
            self._queue.appendleft(Batch(records=rest, retries=batch.retries))
        self._finish(old)
        return Discarded(records=tuple(old), condition=TOO_OLD, invocations=batch.retries)

    def succeeded(self) -> None:
        self._finish(self._queue.popleft().records)

    def failed(self, checkpoint: str = "") -> Discarded | None:
        """Of the batch that is next. Before `checkpoint`, the lowest number that the function reported, all
        is done; without one all of it failed."""
        batch = self._queue.popleft()
        records = batch.records
        place = next((n for n, record in enumerate(records) if record["SequenceNumber"] == checkpoint), 0)
        if place:
            self._finish(records[:place])
            records = records[place:]
        elif self.settings.bisects and len(records) > 1:
            middle = len(records) // 2
            halves = (records[:middle], records[middle:])
            self._queue.extendleft(Batch(records=half, retries=batch.retries) for half in reversed(halves))
            return None
        if batch.retries >= self.settings.max_attempts:
            self._finish(records)
            return Discarded(records=records, condition=RETRIES_EXHAUSTED, invocations=batch.retries + 1)
        self._queue.appendleft(Batch(records=records, retries=batch.retries + 1))
        return None

    def _should_wait(self, now: float) -> bool:
        """Whether more may come within the batching window."""
        if self._waiting_since is None:
            self._waiting_since = now
        return now - self._waiting_since < self.settings.window_seconds

    def _finish(self, records: Sequence[Record]) -> None:
        self.done = max(self.done, records[-1]["SequenceNumber"])


def checkpoint_of(body: Any, records: Sequence[Record]) -> str | None:
    """Of a function's partial batch response the lowest sequence number that failed; None where all
    succeeded, empty where all count as failed.

    The guide: an empty or null list, or response, is a success; an empty or null identifier, one with a bad
    key name, or one that is not in the batch, makes the whole batch a failure.
    """
    if body in (None, "", {}):
        return None
    failures = body.get("batchItemFailures") if isinstance(body, dict) else ""
    if failures is None or failures == []:
        return None
    numbers = {record["SequenceNumber"] for record in records}
    if not isinstance(failures, list):
        return ""
    named = [str(item.get("itemIdentifier")) if isinstance(item, dict) else "" for item in failures]
    return min(named) if all(name in numbers for name in named) else ""
