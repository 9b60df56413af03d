"""What was scaled, and what could not be: DescribeScalingActivities, newest first, for six weeks.

Wording: Application Auto Scaling User Guide, "Scaling activities for Application Auto Scaling".
"""

from __future__ import annotations

import uuid

from localcloud.host.clock import Clock
from localcloud.services.autoscaling.targets import DIMENSION, NAMESPACE
from localcloud.services.sagemaker.store import Document, Table

KEPT_SECONDS = 42 * 86400
_SET = "Successfully set desired instance count to {count}."


class Activities:
    """Each attempt to set a count."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def began(self, resource_id: str, count: int, cause: str) -> Document:
        return self._keep(
            resource_id,
            count,
            cause,
            StatusCode="InProgress",
            StatusMessage=f"{_SET.format(count=count)} Waiting for change to be fulfilled by {NAMESPACE}.",
        )

    def failed(self, resource_id: str, count: int, cause: str, reason: str) -> None:
        self._keep(
            resource_id,
            count,
            cause,
            StatusCode="Failed",
            StatusMessage=f"Failed to set desired instance count to {count}. Reason: {reason}",
            EndTime=self._clock.now(),
        )

    def ended(self, activity: Document, count: int) -> None:
        activity["StatusCode"] = "Successful"
        activity["StatusMessage"] = (
            f"{_SET.format(count=count)} Change successfully fulfilled by {NAMESPACE}."
        )
        activity["EndTime"] = self._clock.now()
        self._table.save(activity["ActivityId"], activity)

    def under_way(self) -> list[Document]:
        return [activity for activity in self._table if activity["StatusCode"] == "InProgress"]

    def of(self, resource_id: str | None) -> list[Document]:
        """Newest first."""
        found = [one for one in self._table if resource_id in (None, one["ResourceId"])]
        return sorted(found, key=lambda one: float(one["StartTime"]), reverse=True)

    def _keep(self, resource_id: str, count: int, cause: str, **more: object) -> Document:
        now = self._clock.now()
        for old in self._table:
            if old["StartTime"] < now - KEPT_SECONDS:
                self._table.delete(old["ActivityId"])
        record = {
            "ActivityId": str(uuid.uuid4()),
            "ServiceNamespace": NAMESPACE,
            "ResourceId": resource_id,
            "ScalableDimension": DIMENSION,
            "Description": f"Setting desired instance count to {count}.",
            "Cause": cause,
            "StartTime": now,
            **more,
        }
        return self._table.save(str(record["ActivityId"]), record)
