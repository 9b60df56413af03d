"""PublishMonitoring: both verdicts in, metrics and report out, and whether a retraining is due."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import layout, metrics
from contracts.documents.monitoring import Publication, PublishMonitoringRequest, Quality
from contracts.errors import MonitoringError
from contracts.monitoring import Monitoring
from contracts.settings import PublishMonitoringSettings
from lambdas.aws import storage
from lambdas.monitoring import hours
from lambdas.publish_monitoring import ledger
from lambdas.publish_monitoring.page import page
from lambdas.publish_monitoring.retraining import Decision, Seen, decide
from lambdas.telemetry import count, logger

_HISTORY = 48  # runs that the page shows
INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: it overwrites its own report, and a metric is told twice at worst."""
    settings = PublishMonitoringSettings.from_environment()
    policy = Monitoring.from_document(json.loads(settings.monitoring_policy))
    request = PublishMonitoringRequest.read(event)
    decision = _decide(settings, policy, request)
    report = _report(settings, request, decision)
    place = layout.VERDICTS.uri(settings.artifact_bucket_name, request.window.last_hour)
    storage.write_json(report, f"{place}{layout.REPORT_JSON}")
    text = page(report, [*_history(settings, request.window.last_hour), report])
    storage.write_text(text, f"{place}{layout.REPORT_HTML}", "text/html; charset=utf-8")
    _count(settings.metric_namespace, request, report, decision)
    logger.info("monitoring published", due=decision.is_due, reason=decision.reason)
    return Publication(
        is_due=decision.is_due,
        is_stopped=decision.is_stopped,
        cause=decision.cause,
        reason=decision.reason,
        stamp=decision.stamp or request.window.last_hour,
        report_uri=f"{place}{layout.REPORT_JSON}",
        report_html_uri=f"{place}{layout.REPORT_HTML}",
    ).as_document()


def _decide(
    settings: PublishMonitoringSettings, policy: Monitoring, request: PublishMonitoringRequest
) -> Decision:
    now = hours.moment(request.now)
    started = ledger.read(settings.artifact_bucket_name, settings.raw_bucket_name, settings.state_machine_arn)
    seen = Seen(
        drifted=request.drift.status == "DRIFT",
        decayed=request.quality.status == "DECAYED",
        new_rows=request.quality.new_rows,
        champion_since=hours.moment(request.window.since),
    )
    return decide(policy.retraining, seen, started, now)


def _read(uri: str) -> dict[str, Any]:
    found = storage.read_json(uri)
    if found is None:
        raise MonitoringError(f"{uri}, which the state before wrote, is gone")
    return found


def _report(
    settings: PublishMonitoringSettings, request: PublishMonitoringRequest, decision: Decision
) -> dict[str, Any]:
    drift, quality = _read(request.drift.document_uri), _read(request.quality.document_uri)
    return {
        "format_version": 1,
        "pipeline": settings.metric_namespace.rpartition("/")[2],
        "at": request.now,
        "window": request.window.as_document(),
        "drift": drift,
        "heat": _heat(drift),
        "quality": quality,
        "retraining": {
            "is_due": decision.is_due,
            "is_stopped": decision.is_stopped,
            "cause": decision.cause,
            "reason": decision.reason,
        },
    }


def _heat(drift: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The largest share of rows that moved by any test of a column, and whether it drifted."""
    found: dict[str, dict[str, Any]] = {}
    for one in drift["findings"]:
        kept = found.setdefault(one["column"], {"effect_share": 0.0, "drifted": False})
        kept["effect_share"] = max(kept["effect_share"], one["effect_share"])
        kept["drifted"] = kept["drifted"] or one["drifted"]
    return found


def _history(settings: PublishMonitoringSettings, last_hour: str) -> list[dict[str, Any]]:
    """What the runs of the hours before reported, the oldest first."""
    root = f"s3://{settings.artifact_bucket_name}/{layout.VERDICTS.prefix}"
    ending = f"/{layout.REPORT_JSON}"
    known = [
        uri.removeprefix(root).removesuffix(ending) for uri in storage.list_uris(root) if uri.endswith(ending)
    ]
    before = [hour for hour in sorted(known) if hour < last_hour][-_HISTORY:]
    return [_read(f"{root}{hour}{ending}") for hour in before]


def _count(
    namespace: str, request: PublishMonitoringRequest, report: dict[str, Any], decision: Decision
) -> None:
    window, drift, quality = request.window, request.drift, request.quality
    count(namespace, metrics.MONITORING_RUNS)
    count(namespace, metrics.WINDOW_ROWS, drift.rows)
    count(namespace, metrics.CAPTURES_BROKEN, window.broken_lines + window.unreadable_requests)
    if drift.status != INSUFFICIENT_DATA:
        count(namespace, metrics.COLUMNS_DRIFTED, len(drift.columns))
    if _is_judged(quality):
        count(namespace, metrics.QUALITY_DECAYED, quality.status == "DECAYED")
    count(namespace, metrics.RETRAININGS_STOPPED, decision.is_stopped)


def _is_judged(quality: Quality) -> bool:
    return quality.status != INSUFFICIENT_DATA
