"""What the monitor found, hour by hour: drift of what was asked, and what came true of the answers.

The reports lie in the artifact bucket below `monitoring/verdicts/HOUR/`, written by PublishMonitoring.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from contracts import layout
from contracts.names import Names
from operations.reading import objects
from operations.reading.clients import Clients, pages
from operations.reading.errors import code_of, explained
from operations.reading.stack import Stack

DRIFT, DECAYED, INSUFFICIENT_DATA = "DRIFT", "DECAYED", "INSUFFICIENT_DATA"
_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A column, `(predictions)` or `(all columns)`: the share of its rows that moved (0-1), and whether that
    is more than chance."""

    column: str
    effect_share: float
    drifted: bool
    psi: float | None


@dataclass(frozen=True, kw_only=True)
class Quality:
    """`value` with the ends of its interval, of `labelled_rows`, is held against `promised`; `is_estimate`
    where no labels told."""

    status: str
    reason: str
    metric: str
    labelled_rows: int
    value: float | None
    low: float | None
    high: float | None
    promised: float | None
    is_estimate: bool


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Of the window that ends with `hour` (UTC, `2026-11-28T14`); `columns` by how far they moved."""

    hour: str
    first_hour: str
    rows: int
    status: str
    cause: str
    reason: str
    columns: tuple[Moved, ...]
    quality: Quality
    retraining: Mapping[str, Any]
    report_html_uri: str

    @property
    def is_bad(self) -> bool:
        return self.status == DRIFT or self.quality.status == DECAYED


def is_watched(clients: Clients, stack: Stack) -> bool:
    """Whether the stage has a monitor."""
    from botocore.exceptions import ClientError

    arn = machine_arn(stack)
    with explained():
        try:
            clients("stepfunctions").describe_state_machine(stateMachineArn=arn)
        except ClientError as error:
            if code_of(error) != "StateMachineDoesNotExist":
                raise
            return False
    return True


def machine_arn(stack: Stack) -> str:
    """The monitor's state machine."""
    names = Names(stack.pipeline, stack.stage)
    return f"{stack.state_machine_arn.rpartition(':')[0]}:{names.monitor}"


def newest(clients: Clients, stack: Stack, limit: int = 48) -> tuple[Verdict, ...]:
    """The newest first."""
    root, ending = layout.VERDICTS.prefix, f"/{layout.REPORT_JSON}"
    keys = [
        str(item["Key"])
        for page in pages(clients("s3"), "list_objects_v2", Bucket=stack.artifact_bucket, Prefix=root)
        for item in page.get("Contents", [])
    ]
    chosen = sorted((key for key in keys if key.endswith(ending)), reverse=True)[:limit]
    uris = [f"s3://{stack.artifact_bucket}/{key}" for key in chosen]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        documents = list(pool.map(lambda uri: objects.document(clients, uri), uris))
    return tuple(_verdict(found, uri) for found, uri in zip(documents, uris, strict=True))


def _verdict(found: Mapping[str, Any], uri: str) -> Verdict:
    window, drift, quality = found.get("window", {}), found.get("drift", {}), found.get("quality", {})
    columns = drift.get("columns", {})
    moved = [
        Moved(
            column=str(name),
            effect_share=float(heat.get("effect_share", 0.0)),
            drifted=bool(heat.get("drifted")),
            psi=columns.get(name, {}).get("psi"),
        )
        for name, heat in found.get("heat", {}).items()
    ]
    return Verdict(
        hour=str(window.get("last_hour", "")),
        first_hour=str(window.get("first_hour", "")),
        rows=int(drift.get("rows", 0)),
        status=str(drift.get("status", INSUFFICIENT_DATA)),
        cause=str(drift.get("cause", "")),
        reason=str(drift.get("reason", "")),
        columns=tuple(sorted(moved, key=lambda one: (not one.drifted, -one.effect_share, one.column))),
        quality=_quality(quality),
        retraining=found.get("retraining", {}),
        report_html_uri=uri.removesuffix(layout.REPORT_JSON) + layout.REPORT_HTML,
    )


def _quality(found: Mapping[str, Any]) -> Quality:
    overall = found.get("overall") or {}
    return Quality(
        status=str(found.get("status", INSUFFICIENT_DATA)),
        reason=str(found.get("reason", "")),
        metric=str(found.get("metric", "")),
        labelled_rows=int(found.get("labelled_rows", 0)),
        value=overall.get("value"),
        low=overall.get("low"),
        high=overall.get("high"),
        promised=overall.get("promised"),
        is_estimate=bool(overall.get("is_estimate")),
    )
