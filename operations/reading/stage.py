"""Everything that may be asked of a deployed stage, for the command line and the console."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from operations.reading import (
    alarms,
    approvals,
    endpoint,
    lineage,
    logs,
    machine,
    models,
    monitoring,
    objects,
    queues,
    runs,
    stack,
)
from operations.reading import traffic as traffic_
from operations.reading.alarms import Alarm
from operations.reading.approvals import Pending
from operations.reading.clients import Clients
from operations.reading.endpoint import Endpoint
from operations.reading.errors import explained
from operations.reading.machine import Machine
from operations.reading.models import Model
from operations.reading.monitoring import Verdict
from operations.reading.queues import Queues
from operations.reading.runs import Run, Summary
from operations.reading.stack import Stack

_AT_ONCE = 8
MOST_WAITING = 100  # runs that are looked at for one that waits for a person
REASON_LENGTH = 1024  # ApprovalDescription (SageMaker API Reference, `UpdateModelPackage`)


@dataclass
class StageReader:
    """A deployed stage; each method asks anew, but for runs that have ended, which never change."""

    clients: Clients
    stack: Stack
    _ended: dict[str, Run] = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, name: str, *, profile: str | None = None, region: str | None = None) -> StageReader:
        """The stage whose stack has this name; raises ReadingError."""
        clients = Clients.open(profile, region)
        return cls(clients, stack.read(clients, name))

    def endpoint(self) -> Endpoint:
        return endpoint.read(self.clients, self.stack)

    def champion(self, serving: Endpoint | None = None) -> Model | None:
        """The model that serves, by the endpoint's own config; None where nothing serves, or nothing that was
        registered."""
        found = serving or self.endpoint()
        return models.of_name(self.clients, self.stack, found.config_name)

    def models(self, limit: int | None = None) -> tuple[Model, ...]:
        return models.newest(self.clients, self.stack, limit)

    def model(self, version: int) -> Model:
        return models.of_version(self.clients, self.stack, version)

    def runs(self, limit: int | None = None, status: str | None = None) -> tuple[Summary, ...]:
        return runs.newest(self.clients, self.stack, limit=limit, status=status)

    def run(self, wanted: str) -> Run:
        """By name, ARN, the begin of its name, or `last`."""
        return self.run_of(runs.find(self.clients, self.stack, wanted))

    def run_of(self, arn: str) -> Run:
        if arn not in self._ended:
            found = runs.read(self.clients, arn)
            if found.is_running:
                return found
            self._ended[arn] = found
        return self._ended[arn]

    def runs_of(self, arns: Iterable[str]) -> tuple[Run, ...]:
        """Several at once."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return tuple(pool.map(self.run_of, arns))

    def arn_of_run(self, name: str) -> str:
        return runs.arn_of(self.stack, name)

    def asks_a_person(self) -> bool:
        return approvals.asks(self.machine())

    def pending(self) -> tuple[Pending, ...]:
        """Models that wait for a person, the newest first."""
        running = self.runs(limit=MOST_WAITING, status="RUNNING")
        return approvals.of_runs(self.runs_of(summary.arn for summary in running))

    def decide(self, version: int, status: Literal["Approved", "Rejected"], reason: str) -> Model:
        """Change a model's status by the caller's own right; a run that waits for it hears of it from
        SageMaker. The model as it was."""
        model = self.model(version)
        with explained():
            self.clients("sagemaker").update_model_package(
                ModelPackageArn=model.arn,
                ModelApprovalStatus=status,
                # Line breaks are outside the field's pattern.
                ApprovalDescription=(" ".join(reason.split()) or "by hand")[:REASON_LENGTH],
            )
        return model

    def alarms(self) -> tuple[Alarm, ...]:
        return alarms.read(self.clients, self.stack)

    def queues(self) -> Queues:
        return queues.read(self.clients, self.stack)

    def is_watched(self) -> bool:
        return monitoring.is_watched(self.clients, self.stack)

    def verdicts(self, limit: int = 48) -> tuple[Verdict, ...]:
        """Of the monitor, the newest first."""
        return monitoring.newest(self.clients, self.stack, limit)

    def machine(self) -> Machine:
        return machine.read(self.clients, self.stack)

    def lineage(self, run: Run) -> tuple[lineage.Step, ...]:
        return lineage.of_run(run, self.endpoint())

    def report(self, uri: str) -> dict[str, Any]:
        """A report for machines."""
        return objects.document(self.clients, uri)

    def page(self, uri: str) -> bytes:
        """A report for people: HTML."""
        return objects.read(self.clients, uri)

    def logs(
        self, start: datetime, *, until: datetime | None = None, only: str = ""
    ) -> tuple[logs.Line, ...]:
        return logs.since(self.clients, self.stack, start, until=until, only=only)

    def totals(
        self, configs: tuple[str, ...], *, since: datetime, now: datetime
    ) -> tuple[traffic_.Totals, ...]:
        return traffic_.totals(self.clients, self.stack, configs, since=since, now=now)

    def traffic(
        self, *, since: datetime, now: datetime, period_seconds: int = 60
    ) -> tuple[traffic_.Point, ...]:
        return traffic_.by_period(
            self.clients, self.stack, since=since, now=now, period_seconds=period_seconds
        )
