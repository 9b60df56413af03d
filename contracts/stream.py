"""`[stream]`: events that become datasets. A file without the table has no stream.

Limits: Kinesis Data Streams Developer Guide, "Quotas and limits" (retention of 24 to 8,760 hours), and Lambda
Developer Guide, "Kinesis event source" (batches of at most 10,000 records, windows of at most 300 seconds).
"""

from __future__ import annotations

from dataclasses import dataclass

from contracts.layout import MAX_UPLOAD_PARTS
from contracts.reading import Table

SOURCES = ("kinesis",)
KNOWN_SOURCES = ("kinesis", "kafka")


@dataclass(frozen=True, kw_only=True)
class Stream:
    """`stages` have one, none without the table.

    A record is a JSON object with the contract's columns, and with `event_id`, by which it is known again,
    and `event_time`, both by these names. An hour of event time is closed `allowed_lateness_minutes` after
    its end, and what comes later still is frozen by itself. Each `train_every_hours` the frozen hours of the
    last `dataset_hours` are uploaded as one dataset in parts. A record that comes again within
    `duplicate_hours` of event time is dropped.

    Lambda reads up to `batch_size` records, or what comes in `batch_window_seconds`; a batch that fails is
    split and tried again, at most `max_attempts` times and `max_age_hours` long.
    """

    stages: tuple[str, ...] = ()
    source: str = "kinesis"
    event_id: str = "event_id"
    event_time: str = "event_time"
    allowed_lateness_minutes: int = 15
    duplicate_hours: int = 24
    train_every_hours: int = 24
    dataset_hours: int = 720
    batch_size: int = 1000
    batch_window_seconds: int = 5
    max_attempts: int = 10
    max_age_hours: int = 24
    retention_hours: int = 48

    def opens(self, stage: str) -> bool:
        return stage in self.stages

    @classmethod
    def read(cls, table: Table, stages: tuple[str, ...]) -> Stream:
        """Of a table that is there; raises PipelineConfigError."""
        source = table.choice("source", KNOWN_SOURCES)
        if source not in SOURCES:
            raise table.fail(
                "source",
                f"{source!r} is not deployed by this version: put the records into a Kinesis stream (Kafka "
                'Connect has a sink for it) and write source = "kinesis"',
            )
        found = cls(
            stages=table.texts("stages", stages),
            source=source,
            event_id=table.text("event_id", "event_id"),
            event_time=table.text("event_time", "event_time"),
            allowed_lateness_minutes=table.integer("allowed_lateness_minutes", 0, 1440, 15),
            duplicate_hours=table.integer("duplicate_hours", 1, 168, 24),
            train_every_hours=table.integer("train_every_hours", 1, 8760, 24),
            dataset_hours=table.integer("dataset_hours", 1, 24 * (MAX_UPLOAD_PARTS - 1), 720),
            batch_size=table.integer("batch_size", 1, 10_000, 1000),
            batch_window_seconds=table.integer("batch_window_seconds", 0, 300, 5),
            max_attempts=table.integer("max_attempts", 0, 10_000, 10),
            max_age_hours=table.integer("max_age_hours", 1, 168, 24),
            retention_hours=table.integer("retention_hours", 24, 8760, 48),
        )
        table.finish()
        if unknown := [stage for stage in found.stages if stage not in stages]:
            raise table.fail("stages", f"{unknown[0]!r} is not one of {', '.join(stages)}")
        if found.event_id == found.event_time:
            raise table.fail("event_time", f"is {found.event_time!r}, as event_id is; they are two keys")
        if found.retention_hours < found.max_age_hours:
            raise table.fail(
                "retention_hours",
                f"{found.retention_hours} is under the {found.max_age_hours} of max_age_hours: records would "
                "be gone before they were tried for the last time",
            )
        return found


DRY = Stream()
