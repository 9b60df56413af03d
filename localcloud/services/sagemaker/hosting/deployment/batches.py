"""The batches of a rolling deployment, read from a RollingUpdatePolicy and held against SageMaker's limits.

Limits: API reference, RollingUpdatePolicy and CapacitySize (5-50 % of the variant's instances; a rollback up
to 100 %, which is the default); developer guide, "Use rolling deployments" (one variant). How a percentage is
rounded is not documented: here down, as the size is called a maximum, and never to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.store import Document

SHARES = (0.05, 0.5)


@dataclass(frozen=True)
class Batches:
    """Instances that are replaced at a time, on the way there and on the way back."""

    size: int
    rollback_size: int
    whole: int
    """Instances of the new fleet when it is complete."""

    @property
    def count(self) -> int:
        return -(-self.whole // self.size)


def read_batches(update: Document, instances: tuple[int, ...]) -> Batches:
    """The batches for variants of so many instances; ValidationError for what breaks a limit."""
    if len(instances) != 1:
        raise ValidationError(
            f"A RollingUpdatePolicy is for endpoints with one production variant; there are {len(instances)}."
        )
    (whole,) = instances
    low, high = SHARES
    share = _share(update["MaximumBatchSize"], whole)
    if not low <= share <= high:
        raise ValidationError(
            f"MaximumBatchSize must be between {low:.0%} and {high:.0%} of the variant's {whole} instances; "
            f"it is {share:.0%}."
        )
    back = update.get("RollbackMaximumBatchSize")
    if back and _share(back, whole) > 1:
        raise ValidationError(
            f"RollbackMaximumBatchSize must be at most 100% of the variant's {whole} instances; it is "
            f"{_share(back, whole):.0%}."
        )
    return Batches(_count(update["MaximumBatchSize"], whole), _count(back, whole) if back else whole, whole)


def _share(size: dict[str, Any], whole: int) -> float:
    return float(size["Value"] / (whole if size["Type"] == "INSTANCE_COUNT" else 100))


def _count(size: dict[str, Any], whole: int) -> int:
    if size["Type"] == "INSTANCE_COUNT":
        return int(size["Value"])
    return max(1, int(size["Value"]) * whole // 100)
