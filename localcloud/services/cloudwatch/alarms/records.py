"""Where the alarms of one account and region are written down, and what happened to them."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.services.cloudwatch.alarms.requests import Record

HISTORY_KEPT_SECONDS = 14 * 86400
"""CloudWatch keeps alarm history for two weeks (User Guide)."""


@dataclass
class AlarmRecords:
    """Alarm records by name, and their history, oldest first."""

    account: str
    region: str
    metric: MutableMapping[str, Record] = field(default_factory=dict)
    composite: MutableMapping[str, Record] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    tags: MutableMapping[str, dict[str, str]] = field(default_factory=dict)
    """Tags by the alarm's ARN."""

    def arn(self, name: str) -> str:
        """The ARN of the alarm called `name`."""
        return f"arn:aws:cloudwatch:{self.region}:{self.account}:alarm:{name}"

    def get(self, name: str) -> Record | None:
        """The metric or composite alarm of that name."""
        return self.metric.get(name) or self.composite.get(name)

    def name_of(self, reference: str) -> str:
        """The alarm's name in a reference that is a name or an ARN."""
        return reference.removeprefix(self.arn("")) if reference.startswith("arn:") else reference

    def is_composite(self, name: str) -> bool:
        """Whether this alarm has a rule and no metric."""
        return name in self.composite

    def record(self, name: str, item_type: str, summary: str, data: str, now: float) -> None:
        """Add to an alarm's history; what is older than two weeks goes."""
        self.history.append(
            {
                "AlarmName": name,
                "AlarmType": "CompositeAlarm" if self.is_composite(name) else "MetricAlarm",
                "Timestamp": now,
                "HistoryItemType": item_type,
                "HistorySummary": summary,
                "HistoryData": data,
            }
        )
        while self.history[0]["Timestamp"] < now - HISTORY_KEPT_SECONDS:
            del self.history[0]
