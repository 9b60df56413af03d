"""What a stage did cost, by its tags: AWS Cost Explorer, which bills $0.01 a question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from contracts.names import PIPELINE_TAG, STAGE_TAG
from operations.reading.clients import Clients
from operations.reading.errors import explained

REGION = "us-east-1"  # the one in which Cost Explorer answers
_METRIC = "UnblendedCost"


@dataclass(frozen=True, kw_only=True)
class Spent:
    """US dollars of one service since the month began."""

    service: str
    usd: float


def this_month(clients: Clients, *, pipeline: str, stage: str, today: date) -> tuple[Spent, ...]:
    """The largest first. Without cost allocation tags there is nothing, whatever was spent."""
    first = today.replace(day=1)
    until = max(today, first + timedelta(days=1))
    tags = ((PIPELINE_TAG, pipeline), (STAGE_TAG, stage))
    wanted = {"And": [{"Tags": {"Key": key, "Values": [value]}} for key, value in tags]}
    with explained():
        found = clients("ce").get_cost_and_usage(
            TimePeriod={"Start": first.isoformat(), "End": until.isoformat()},
            Granularity="MONTHLY",
            Metrics=[_METRIC],
            Filter=wanted,
            GroupBy=[{"Type": "DIMENSION", "Key": "SERVICE"}],
        )
    groups = [group for period in found["ResultsByTime"] for group in period["Groups"]]
    spent = [
        Spent(service=group["Keys"][0], usd=float(group["Metrics"][_METRIC]["Amount"])) for group in groups
    ]
    return tuple(sorted(spent, key=lambda item: -item.usd))
