"""CloudWatch as ministack sees it: stands in for its module `cloudwatch` (requests, state, reset).

Alarm records stay in ministack's own stores, so that its tags and dashboards, which this leaves as they are,
find them; metrics and the evaluation of alarms are this package's.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import ExitStack
from threading import RLock
from typing import Any

from localcloud.host.clock import Clock
from localcloud.ministack_adapter import cloudwatch as ministack_cloudwatch
from localcloud.ministack_adapter import responses
from localcloud.services.cloudwatch import access
from localcloud.services.cloudwatch.alarms import operations as api_alarms
from localcloud.services.cloudwatch.alarms.engine import AlarmEngine
from localcloud.services.cloudwatch.alarms.records import AlarmRecords
from localcloud.services.cloudwatch.alarms.transitions import Transition
from localcloud.services.cloudwatch.errors import ServiceError
from localcloud.services.cloudwatch.metrics import operations as api_metrics
from localcloud.services.cloudwatch.metrics.store import MetricStore
from localcloud.services.cloudwatch.monitor import Monitor
from localcloud.services.cloudwatch.protocol import wire

_log = logging.getLogger("localcloud.services.cloudwatch")
_STATE_KEY = "localcloud_metrics"
_RESTORED_SECONDS = 3 * 3600
"""Cloud seconds of metrics that outlive a restart; state is written often, so it must stay small."""
_RESTORED_PERCENTILES_SECONDS = 600
"""Cloud seconds for which distributions do, too; older data keeps its count, sum and extremes."""
_JSON_HEADERS = {"content-type": "application/x-amz-json-1.0"}

OPERATIONS: dict[str, Callable[[Monitor, Mapping[str, Any]], dict[str, Any]]] = {
    "PutMetricData": api_metrics.put_metric_data,
    "GetMetricData": api_metrics.get_metric_data,
    "GetMetricStatistics": api_metrics.get_metric_statistics,
    "ListMetrics": api_metrics.list_metrics,
    "PutMetricAlarm": api_alarms.put_metric_alarm,
    "PutCompositeAlarm": api_alarms.put_composite_alarm,
    "DescribeAlarms": api_alarms.describe_alarms,
    "DescribeAlarmsForMetric": api_alarms.describe_alarms_for_metric,
    "DescribeAlarmHistory": api_alarms.describe_alarm_history,
    "DeleteAlarms": api_alarms.delete_alarms,
    "SetAlarmState": api_alarms.set_alarm_state,
    "EnableAlarmActions": api_alarms.enable_alarm_actions,
    "DisableAlarmActions": api_alarms.disable_alarm_actions,
}


class Shelf(MutableMapping[str, Any]):
    """One account and region's part of one of ministack's stores."""

    def __init__(self, store: Any, account: str, region: str) -> None:
        self._store, self._scope = store, (account, region)

    def __getitem__(self, key: str) -> Any:
        if not self._store.contains_scoped(*self._scope, key):
            raise KeyError(key)
        return self._store.get_scoped(*self._scope, key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._store.set_scoped(*self._scope, key, value)

    def __delitem__(self, key: str) -> None:
        self._store.pop_scoped(*self._scope, key)

    def __iter__(self) -> Iterator[str]:
        return iter([key for key, _ in self._store.items_scoped(*self._scope)])

    def __len__(self) -> int:
        return len(self._store.items_scoped(*self._scope))


class CloudWatch:
    """The service: one Monitor for each account and region that asks."""

    def __init__(
        self,
        clock: Clock,
        announce: Callable[[AlarmEngine, Transition], None],
        delays_seconds: Mapping[str, float] | None = None,
    ) -> None:
        self._clock = clock
        self._delays = delays_seconds
        self._announce = announce
        self._monitors: dict[tuple[str, str], Monitor] = {}
        self._lock = RLock()

    def monitor(self, account: str, region: str) -> Monitor:
        """What CloudWatch has in this account and region."""
        found = self._monitors.get((account, region))
        if found is None:
            with self._lock:
                found = self._monitors.setdefault((account, region), self._new_monitor(account, region))
        return found

    def monitors(self) -> list[Monitor]:
        """Every Monitor there is."""
        return list(self._monitors.values())

    async def handle_request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> wire.Response:
        """Answer one call; what this package leaves to ministack goes there."""
        try:
            request = wire.read(path, headers, body, query)
            operation = OPERATIONS.get(request.operation)
            if operation is None:
                return await self._by_ministack(request, method, path, headers, body, query)
            access.check_further_resources(request, headers, query)
            return wire.answer(
                request,
                operation(
                    self.monitor(responses.get_account_id(), responses.get_region()), request.parameters
                ),
            )
        except ServiceError as error:
            return wire.refusal(wire.protocol_of(headers), error)

    def get_state(self) -> dict[str, Any]:
        """What a restart needs, as plain data and ministack's stores."""
        with ExitStack() as held:
            for monitor in self.monitors():
                held.enter_context(monitor.alarms.lock)
            state: dict[str, Any] = ministack_cloudwatch.get_state()
        now = self._clock.now()
        span = (now - _RESTORED_SECONDS, now - _RESTORED_PERCENTILES_SECONDS)
        kept = [[*scope, monitor.store.dump(*span)] for scope, monitor in list(self._monitors.items())]
        return {**state, _STATE_KEY: kept}

    def load_persisted_state(self, state: dict[str, Any]) -> None:
        """Take up where get_state() left off."""
        ministack_cloudwatch.load_persisted_state(state)
        with self._lock:
            self._monitors.clear()
        for account, region, _ in ministack_cloudwatch.alarms.to_dict():
            self.monitor(account, region)
        for account, region, dumped in (state or {}).get(_STATE_KEY, []):
            self.monitor(account, region).store.load(dumped)

    def reset(self) -> None:
        """Forget everything."""
        ministack_cloudwatch.reset()
        with self._lock:
            self._monitors.clear()

    def _new_monitor(self, account: str, region: str) -> Monitor:
        history = Shelf(ministack_cloudwatch.alarm_history, account, region)
        alarm_records = AlarmRecords(
            account,
            region,
            metric=Shelf(ministack_cloudwatch.alarms, account, region),
            composite=Shelf(ministack_cloudwatch.composite_alarms, account, region),
            history=history.setdefault("entries", []),
            tags=ministack_cloudwatch.resource_tags,
        )
        store = MetricStore(self._clock.now, self._delays)
        engine = AlarmEngine(store, alarm_records, self._clock, lambda change: self._announce(engine, change))
        return Monitor(store, engine, self._clock)

    async def _by_ministack(
        self,
        request: wire.Request,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, Any],
    ) -> wire.Response:
        """Pass a call on; CBOR is translated, because ministack reads it only with an optional package."""
        if request.protocol != "cbor":
            answer: wire.Response = await ministack_cloudwatch.handle_request(
                method, path, headers, body, query
            )
            return answer
        status, _, text = await ministack_cloudwatch.handle_request(
            method, path, _JSON_HEADERS, json.dumps(request.parameters).encode(), {}
        )
        document = json.loads(text or b"{}")
        if status >= 400:
            raise ServiceError(document.get("__type", "InternalFailure"), document.get("message", ""), status)
        return wire.answer(request, document)
