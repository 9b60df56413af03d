"""The runs: executions of the pipeline's state machine, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from operations.reading import history, outcomes
from operations.reading.clients import Clients, pages
from operations.reading.errors import NotThereError, ReadingError, code_of, explained
from operations.reading.history import Visit
from operations.reading.stack import Stack

_PAGE = 1000  # ListExecutions' limit (Step Functions API Reference)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A run as a list of thousands has it: `status` is Step Functions' own word."""

    name: str
    arn: str
    status: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run. `document` is what it has gathered so far; `outcome` is the end's name, or the error's class;
    `state` is where it is, or came to its end."""

    name: str
    arn: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    given: Mapping[str, Any]
    document: Mapping[str, Any] = field(repr=False)
    error: str
    cause: str
    visits: tuple[Visit, ...] = field(repr=False)

    @property
    def is_running(self) -> bool:
        return self.status == "RUNNING"

    @property
    def is_rollback(self) -> bool:
        return "rollback" in self.given

    @property
    def upload(self) -> str:
        """What was uploaded, `incoming/housing.csv`; what a rollback is about instead."""
        if self.is_rollback:
            return "a rollback by hand"
        return str(self.given.get("key", ""))

    @property
    def outcome(self) -> str:
        return str(self.error or self.document.get("outcome") or self._last_end or self.status)

    @property
    def _last_end(self) -> str:
        """An execution that succeeds without an outcome in its document ends in a state named after it."""
        ends = [visit.state for visit in self.visits if visit.kind in ("Succeed", "Succeeded")]
        return ends[-1] if ends and self.status == "SUCCEEDED" else ""

    @property
    def meaning(self) -> str:
        return outcomes.meaning(self.outcome, self.document)

    @property
    def reason(self) -> str:
        if self.is_running:
            if self.state == "RequestApproval":
                return f"version {self.model_version} waits for a person: greenlight approve"
            return f"it is in {self.state}" if self.state else "it has just begun"
        if self.outcome == outcomes.PROMOTED:
            wish = self.part("rollback") or self.given.get("rollback") or {}
            told = self.verdict.get("reason") or wish.get("reason")
            if not told and self.is_rollback:
                told = "somebody asked for it"
            return str(told or outcomes.reason(self.document, self.cause))
        return outcomes.reason(self.document, self.cause)

    @property
    def way_on(self) -> str:
        return outcomes.way_on(self.outcome, self.document)

    @property
    def is_good(self) -> bool | None:
        return outcomes.is_good(self.outcome)

    @property
    def state(self) -> str:
        return self.visits[-1].state if self.visits else ""

    @property
    def failed_visit(self) -> Visit | None:
        """The visit whose failure led to the end: the one that the document names, else the last."""
        named = self.part("error").get("state")
        failed = [visit for visit in self.visits if visit.failed]
        return next(
            (visit for visit in reversed(failed) if visit.state == named), failed[-1] if failed else None
        )

    def part(self, key: str) -> Mapping[str, Any]:
        """One key of the document; empty where the run did not come so far."""
        found = self.document.get(key)
        return found if isinstance(found, Mapping) else {}

    @property
    def verdict(self) -> Mapping[str, Any]:
        found = self.part("evaluation").get("verdict")
        return found if isinstance(found, Mapping) else {}

    @property
    def training_job(self) -> str:
        return str(self.part("training").get("job_name", ""))

    @property
    def model_version(self) -> int | None:
        found = self.part("registration").get("model_package_version")
        return int(found) if isinstance(found, int | float) else None


def newest(
    clients: Clients, stack: Stack, *, limit: int | None = None, status: str | None = None
) -> tuple[Summary, ...]:
    """The newest first."""
    return tuple(islice(_all(clients, stack, status), limit))


def _all(clients: Clients, stack: Stack, status: str | None) -> Iterator[Summary]:
    wanted = {"statusFilter": status} if status else {}
    config = {"PageSize": _PAGE}
    for page in pages(
        clients("stepfunctions"),
        "list_executions",
        stateMachineArn=stack.state_machine_arn,
        PaginationConfig=config,
        **wanted,
    ):
        for item in page["executions"]:
            yield Summary(
                name=str(item["name"]),
                arn=str(item["executionArn"]),
                status=str(item["status"]),
                started_at=item["startDate"],
                ended_at=item.get("stopDate"),
            )


def arn_of(stack: Stack, name: str) -> str:
    """The ARN of an execution by its name."""
    return f"{stack.state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}"


def find(clients: Clients, stack: Stack, wanted: str) -> str:
    """The ARN of a run by its name, its ARN, the begin of its name, or `last`; raises NotThereError."""
    if wanted.startswith("arn:"):
        return wanted
    summaries = _all(clients, stack, None)
    if wanted == "last":
        first = next(summaries, None)
        if first is None:
            raise NotThereError(
                f"{stack.name} has no runs yet.", "Start one: greenlight upload path/to/your.csv"
            )
        return first.arn
    found = [summary for summary in summaries if summary.name.startswith(wanted)]
    exact = [summary for summary in found if summary.name == wanted]
    if len(exact or found) == 1:
        return (exact or found)[0].arn
    if found:
        some = ", ".join(summary.name for summary in found[:5])
        raise NotThereError(f"{len(found)} runs begin with {wanted!r}: {some}.", "Give more of the name.")
    raise NotThereError(f"{stack.name} has no run {wanted!r}.", "`greenlight runs` lists them.")


def read(clients: Clients, arn: str) -> Run:
    """Everything of one run; raises NotThereError."""
    from botocore.exceptions import ClientError

    with explained():
        try:
            found = clients("stepfunctions").describe_execution(executionArn=arn)
        except ClientError as error:
            if code_of(error) not in ("ExecutionDoesNotExist", "InvalidArn"):
                raise
            raise NotThereError(f"There is no run {arn}.", "`greenlight runs` lists them.") from None
    events = [
        event
        for page in pages(
            clients("stepfunctions"),
            "get_execution_history",
            executionArn=arn,
            includeExecutionData=False,
            PaginationConfig={"PageSize": _PAGE},
        )
        for event in page["events"]
    ]
    return Run(
        name=str(found["name"]),
        arn=arn,
        status=str(found["status"]),
        started_at=found["startDate"],
        ended_at=found.get("stopDate"),
        given=_object(found.get("input"), arn),
        document=_object(found.get("output") or _last_document(clients, arn), arn),
        error=str(found.get("error", "")),
        cause=str(found.get("cause", "")),
        visits=history.visits(events),
    )


def _last_document(clients: Clients, arn: str) -> str:
    """What a run without output brought into the state that it entered last, of its own level of nesting."""
    with explained():
        newest_events = clients("stepfunctions").get_execution_history(
            executionArn=arn, reverseOrder=True, maxResults=100
        )["events"]
    entered = [e["stateEnteredEventDetails"] for e in newest_events if "stateEnteredEventDetails" in e]
    for details in entered:
        if '"key"' in details.get("input", "") or '"rollback"' in details.get("input", ""):
            return str(details["input"])
    return "{}"


def _object(text: str | None, arn: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        raise ReadingError(f"The run {arn} holds what is not JSON.") from None
    return found if isinstance(found, dict) else {}
