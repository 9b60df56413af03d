"""`greenlight status`: what serves, since when, how it does, and what waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from operations.cli.asking import Asked
from operations.cli.exits import Exit
from operations.cli.output import Output, ago, moment

if TYPE_CHECKING:
    from operations.reading.alarms import Alarm
    from operations.reading.endpoint import Endpoint
    from operations.reading.models import Model
    from operations.reading.queues import Queues
    from operations.reading.runs import Run
    from operations.reading.stage import StageReader
    from operations.reading.traffic import Point

LATELY = timedelta(hours=1)


def status(asked: Asked) -> Exit | None:
    """What serves, since when, how it does, and what waits for somebody."""
    reader, out, now = asked.reader, asked.out, datetime.now(UTC)
    endpoint = reader.endpoint()
    champion, alarms, queues = reader.champion(endpoint), reader.alarms(), reader.queues()
    points = _lately(reader, endpoint, now)
    newest = reader.runs(limit=1)
    run = reader.run_of(newest[0].arn) if newest else None
    firing = [alarm for alarm in alarms if alarm.fires]
    out.line(f"{reader.stack.name} in {reader.stack.endpoint_url or reader.stack.region}", "bold")
    _serving(out, endpoint, champion)
    _traffic(out, points)
    _alarms(out, alarms, firing)
    _waiting(out, queues)
    _last(out, run, now)
    out.pair("next", _next(champion, run, firing, queues))
    out.document(
        {
            "stage": reader.stack.name,
            "endpoint": endpoint,
            "champion": champion,
            "traffic": points,
            "alarms_firing": firing,
            "queues": queues,
            "last_run": _run(run),
        }
    )
    is_lost = champion is None and any(model.promoted_at for model in reader.models(limit=5))
    return Exit.ANSWER_IS_NO if firing or queues.dead_letters or is_lost else None


def _lately(reader: StageReader, endpoint: Endpoint, now: datetime) -> tuple[Point, ...]:
    """The newest hour that has requests. A cloud's clock may be ahead of this machine's."""
    if not endpoint.answers:
        return ()
    points = reader.traffic(since=now - LATELY, now=now)
    return tuple(point for point in points if point.at >= points[-1].at - LATELY)


def _serving(out: Output, endpoint: Endpoint, champion: Model | None) -> None:
    fleets = ", ".join(f"{v.instances} × {v.instance_type or 'instance'}" for v in endpoint.variants)
    if champion:
        since = f"since {moment(champion.promoted_at)}" if champion.promoted_at else "not promoted yet"
        proof = f", {champion.proof}" if champion.proof else ""
        out.pair("serves", f"version {champion.version} ({champion.name}), {since}{proof}", "green")
    elif endpoint.config_name:
        out.pair("serves", f"{endpoint.config_name}, which no registered model explains", "red")
    else:
        out.pair("serves", "nothing yet")
    changing = f", {endpoint.pending_config_name} is taking over" if endpoint.pending_config_name else ""
    out.pair("endpoint", f"{endpoint.name}: {endpoint.status}{changing}{f', {fleets}' if fleets else ''}")
    if endpoint.failure_reason:
        out.pair("", endpoint.failure_reason, "red")


def _traffic(out: Output, points: tuple[Point, ...]) -> None:
    if not points:
        out.pair("requests", "none lately")
        return
    sent, failed = sum(p.requests for p in points), sum(p.failed for p in points)
    slowest = max((p.latency_us for p in points if p.latency_us is not None), default=None)
    latency = "" if slowest is None else f", slowest 1 % within {slowest / 1000:,.1f} ms"
    style = "red" if failed else ""
    out.pair(
        "requests",
        f"{sent:,} in its last hour, {failed:,} failed ({100 * failed / sent:.2g} %){latency}",
        style,
    )


def _alarms(out: Output, alarms: tuple[Alarm, ...], firing: list[Alarm]) -> None:
    if not firing:
        out.pair("alarms", f"none of {len(alarms)} fires")
    for alarm in firing:
        out.pair(
            "alarms", f"{alarm.short_name} fires since {moment(alarm.since)}: {alarm.reason}", "bold red"
        )


def _waiting(out: Output, queues: Queues) -> None:
    letters = _counted(queues.dead_letters, "dead letter")
    waits = _counted(queues.uploads_waiting, "upload")
    out.pair("waiting", f"{waits}, {letters}", "red" if queues.dead_letters else "")


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'s' if count > 1 else ''}"


def _last(out: Output, run: Run | None, now: datetime) -> None:
    if run is None:
        out.pair("last run", "none yet")
        return
    out.pair("last run", f"{run.name}, {ago(run.ended_at or run.started_at, now)}: {run.outcome}")
    out.pair("", f"{run.meaning}: {run.reason}")


def _next(champion: Model | None, run: Run | None, firing: list[Alarm], queues: Queues) -> str:
    """The one thing that is most worth doing."""
    if firing:
        return f"docs/runbook.md#{firing[0].short_name.lower()}"
    if queues.dead_letters:
        return "greenlight redrive, once docs/runbook.md#deadlettersnotempty is read"
    if run is None and queues.uploads_waiting:
        return "greenlight status again in a moment: an upload waits to be started"
    if run is None:
        return "greenlight upload path/to/your.csv"
    if run.is_running and run.state == "RequestApproval":
        return f"greenlight approve {run.model_version}, or greenlight reject {run.model_version}"
    if run.is_running:
        return f"greenlight run {run.name} --follow"
    if run.is_good is False or champion is None:
        return f"greenlight why {run.name}"
    return "greenlight open report"


def _run(run: Run | None) -> dict[str, Any] | None:
    from operations.cli.runs import as_document

    return as_document(run) if run else None
