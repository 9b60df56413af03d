"""ReadWindow: the time in, the closed hours that are judged together out, each compacted."""

from __future__ import annotations

import json
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.documents.monitoring import ReadWindowRequest, Window
from contracts.monitoring import Monitoring
from contracts.settings import ReadWindowSettings
from lambdas.aws import executions
from lambdas.aws.registry import Package
from lambdas.deployments import standing
from lambdas.monitoring import hours, windows
from lambdas.monitoring.champion import Baseline, baseline_of
from lambdas.read_window.compaction import capture_uris, compact
from lambdas.telemetry import logger

READY, BUSY, NOTHING_SERVES = "ready", "busy", "nothing_serves"


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: an hour's files give the same rows. An hour of which more captures have come since is
    read again, and so is one that an earlier run did not reach."""
    settings = ReadWindowSettings.from_environment()
    policy = Monitoring.from_document(json.loads(settings.monitoring_policy))
    request = ReadWindowRequest.read(event)
    if other := executions.running_before(request.execution_arn):
        return Window(status=BUSY, reason=f"{other} is under way").as_document()
    champion = standing.look(settings.endpoint_name, settings.model_package_group_name).champion
    if champion is None:
        return Window(status=NOTHING_SERVES, reason="no model was promoted yet").as_document()
    last = hours.last_closed(hours.moment(request.now), policy.capture_delay_minutes)
    first = last - timedelta(hours=policy.window_hours - 1)
    with tempfile.TemporaryDirectory(prefix="window-") as scratch:
        baseline = baseline_of(champion, settings.artifact_bucket_name, Path(scratch))
        for hour in _missed(settings.artifact_bucket_name, first, policy):
            _account(settings, baseline, hour, Path(scratch))
        accounts = [_account(settings, baseline, hour, Path(scratch)) for hour in hours.between(first, last)]
    window = Window(
        status=READY,
        reason="",
        first_hour=hours.text_of(first),
        last_hour=hours.text_of(last),
        since=_since(champion),
        champion_arn=champion.arn,
        baseline_uri=baseline.uri,
        rows=sum(account["rows"] for account in accounts),
        broken_lines=sum(account["broken_lines"] for account in accounts),
        unreadable_requests=sum(account["unreadable_requests"] for account in accounts),
    )
    logger.info("window read", extra=window.as_document())
    return window.as_document()


def _missed(bucket: str, first: datetime, policy: Monitoring) -> list[datetime]:
    """Hours before the window that no run came to: too late to be judged for drift, but what came true of
    them still counts."""
    known = windows.known_hours(bucket)
    oldest = first - timedelta(days=policy.label_days)
    if not known or known[-1] >= first - hours.HOUR:
        return []
    return hours.between(max(known[-1] + hours.HOUR, oldest), first - hours.HOUR)


def _since(champion: Package) -> str:
    return champion.promoted_at or champion.registered_at


def _account(
    settings: ReadWindowSettings, baseline: Baseline, hour: datetime, scratch: Path
) -> dict[str, Any]:
    """As it was written, where it is of these very captures; of an hour without any nothing is written."""
    bucket = settings.artifact_bucket_name
    uris = capture_uris(bucket, settings.endpoint_name, hour)
    kept = windows.summary(bucket, hour)
    if kept is not None and kept["captures"] == sorted(uris):
        return kept
    if not uris:
        # Captures expire; what was read of them stays.
        return kept or {"rows": 0, "broken_lines": 0, "unreadable_requests": 0}
    return compact(uris, baseline.columns, bucket, hour, scratch, is_classifier=baseline.is_classifier)
