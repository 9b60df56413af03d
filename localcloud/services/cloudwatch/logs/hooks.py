"""Reads metrics out of log events where ministack's CloudWatch Logs stores them.

Every event passes ministack's subscription filters, be it from PutLogEvents or from a Lambda function; that
is where this listens. ministack's own filters then use the full pattern syntax, too.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from localcloud.ministack_adapter import cloudwatch_logs, responses
from localcloud.services.cloudwatch.logs import emf, metric_filters
from localcloud.services.cloudwatch.logs.conditions import PatternError, number_in
from localcloud.services.cloudwatch.logs.patterns import matcher, selector_in
from localcloud.services.cloudwatch.metrics.store import Datum
from localcloud.services.cloudwatch.service import CloudWatch

_log = logging.getLogger("localcloud.services.cloudwatch")
Events = Sequence[Mapping[str, Any]]


class LogMetrics:
    """Publishes what log events carry."""

    def __init__(self, service: CloudWatch) -> None:
        self._service = service

    def connect(self) -> None:
        """Listen to ministack's CloudWatch Logs."""
        cloudwatch_logs.fanout_to_subscription_filters = self._before(
            cloudwatch_logs.fanout_to_subscription_filters
        )
        cloudwatch_logs.put_metric_filter = _checked(cloudwatch_logs.put_metric_filter)
        cloudwatch_logs.compile_filter_pattern = _compiled(cloudwatch_logs.compile_filter_pattern)
        cloudwatch_logs.subscription_pattern_matches = _matches

    def on_log_events(self, group: str, stream: str, events: Events) -> None:
        """Publish the metrics of events of the current account and region; never fails the caller."""
        monitor = self._service.monitor(responses.get_account_id(), responses.get_region())
        try:
            filters = [one for one in cloudwatch_logs.metric_filters.values() if one["logGroupName"] == group]
            for event in events:
                for datum in _data_of(filters, event, monitor.live_time, monitor.clock.now()):
                    monitor.store.put(datum)
        except Exception:
            _log.exception("the metrics in log events of %s %s are lost", group, stream)

    def _before(self, original: Callable[..., None]) -> Callable[..., None]:
        def fanout(group_name: str, stream_name: str, events: Events) -> None:
            self.on_log_events(group_name, stream_name, events)
            original(group_name, stream_name, events)

        return fanout


def _data_of(
    filters: Sequence[Mapping[str, Any]],
    event: Mapping[str, Any],
    cloud_time: Callable[[float], float],
    now: float,
) -> Iterator[Datum]:
    message = event.get("message") or ""
    stamp = event.get("timestamp")
    logged_at = now if stamp is None else stamp / 1000
    yield from emf.data_in(message, logged_at, cloud_time)
    for one in filters:
        yield from metric_filters.data_of(one, message, logged_at, cloud_time)


def _checked(original: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse a metric filter that could never publish anything, as PutMetricFilter does."""

    def put_metric_filter(data: Mapping[str, Any]) -> Any:
        try:
            _check(data)
        except PatternError as error:
            return responses.error_response_json("InvalidParameterException", str(error), 400)
        return original(data)

    return put_metric_filter


def _check(data: Mapping[str, Any]) -> None:
    matcher(data.get("filterPattern") or "")
    transformations = data.get("metricTransformations") or []
    if not transformations:
        raise PatternError("metricTransformations must hold a transformation")
    for transformation in transformations:
        for key in ("metricName", "metricNamespace", "metricValue"):
            if not transformation.get(key):
                raise PatternError(f"metricTransformations needs {key}")
        _check_value(transformation["metricValue"])
        if transformation.get("dimensions") and transformation.get("defaultValue") is not None:
            raise PatternError("a metric filter has dimensions or a default value, not both")


def _check_value(spec: str) -> None:
    if spec.startswith("$."):
        selector_in({})(spec)
    elif not spec.startswith("$") and number_in(spec) is None:
        raise PatternError(f"metricValue must be a number or a field such as $.latency, not '{spec}'")


def _compiled(original: Callable[..., Any]) -> Callable[..., Any]:
    """For FilterLogEvents and live tail; ministack's own reading serves patterns that this cannot read."""

    def compile_filter_pattern(raw: str) -> Any:
        try:
            match = matcher(raw or "")
        except PatternError:
            return original(raw)
        return lambda message: match(message) is not None

    return compile_filter_pattern


def _matches(pattern: str, message: str) -> bool:
    """For subscription filters."""
    try:
        return matcher(pattern or "")(message or "") is not None
    except PatternError as error:
        _log.warning("a subscription filter's pattern matches nothing: %s", error)
        return False
