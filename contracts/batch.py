"""`[batch]`: whole files answered by the champion, without the endpoint.

Limits: SageMaker API Reference, `CreateTransformJob` (MaxPayloadInMB times MaxConcurrentTransforms is 100 at
most).
"""

from __future__ import annotations

from dataclasses import dataclass

from contracts import instances
from contracts.reading import Table

MAX_UNDER_WAY_MB = 100


@dataclass(frozen=True, kw_only=True)
class BatchScoring:
    """`stages` take files under `batch/`; without the table none does. A job has one instance, which is asked
    `concurrency` requests at once of `payload_mb` (2 to the 20th bytes) each, for `max_runtime_seconds`."""

    stages: tuple[str, ...] = ()
    instance_type: str = "ml.m5.large"
    payload_mb: int = 5
    concurrency: int = 4
    max_runtime_seconds: int = 14_400

    def runs(self, stage: str) -> bool:
        return stage in self.stages

    @classmethod
    def read(cls, table: Table, stages: tuple[str, ...]) -> BatchScoring:
        """Of a table that is there; raises PipelineConfigError."""
        found = cls(
            stages=table.texts("stages", stages),
            instance_type=instances.read(table, "ml.m5.large"),
            payload_mb=table.integer("payload_mb", 1, MAX_UNDER_WAY_MB, 5),
            concurrency=table.integer("concurrency", 1, MAX_UNDER_WAY_MB, 4),
            max_runtime_seconds=table.integer("max_runtime_seconds", 600, 432_000, 14_400),
        )
        table.finish()
        if unknown := [stage for stage in found.stages if stage not in stages]:
            raise table.fail("stages", f"{unknown[0]!r} is not one of {', '.join(stages)}")
        if found.payload_mb * found.concurrency > MAX_UNDER_WAY_MB:
            raise table.fail(
                "concurrency",
                f"{found.concurrency} requests of {found.payload_mb} MB are more than the "
                f"{MAX_UNDER_WAY_MB} MB that SageMaker has under way in a job",
            )
        return found


NONE = BatchScoring()
