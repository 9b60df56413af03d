"""Puts this package's CloudWatch in the place of ministack's."""

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.host.clock import Clock
from localcloud.ministack_adapter import app, responses
from localcloud.ministack_adapter import cloudwatch as ministack_cloudwatch
from localcloud.services.cloudwatch import access, cloudformation
from localcloud.services.cloudwatch.alarms.actions import ActionSender
from localcloud.services.cloudwatch.logs.hooks import LogMetrics
from localcloud.services.cloudwatch.metrics.store import Datum, Metric, dimensions_of
from localcloud.services.cloudwatch.service import CloudWatch
from localcloud.services.cloudwatch.timer import Timer
from localcloud.services.eventbridge import schedules


class Plug:
    """The running service, its timer and its sender."""

    def __init__(
        self, clock: Clock, account: str, region: str, delays_seconds: Mapping[str, float] | None = None
    ) -> None:
        self.clock = clock
        self.home = (account, region)
        self.sender = ActionSender()
        self.service = CloudWatch(clock, self.sender.send, delays_seconds)
        self.timer = Timer(self.service.monitors, clock)
        self.log_metrics = LogMetrics(self.service)

    def connect(self) -> None:
        """Replace what ministack has."""
        app.loaded_modules["cloudwatch"] = self.service
        ministack_cloudwatch.record_metric = self._record_metric
        ministack_cloudwatch.cloudformation_put_metric_alarm = self._put_alarm
        access.install()
        schedules.install(self.clock)
        self.log_metrics.connect()
        cloudformation.install(self.service)
        self.service.monitor(*self.home)

    def start(self) -> None:
        """Begin to evaluate alarms and to announce their changes."""
        self.sender.start()
        self.timer.start()

    def stop(self) -> None:
        """Stop evaluating; changes that are still to be announced are."""
        self.timer.stop()
        self.sender.stop()

    def put_metric(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str] | None,
        value: float,
        unit: str,
        timestamp: float | None,
        resolution_seconds: int,
    ) -> None:
        """Publish one value in the home account and region without waiting."""
        self._put(self.home, namespace, name, dimensions, value, unit, timestamp, resolution_seconds)

    def put_metric_values(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str] | None,
        values: Sequence[tuple[float, float]],
        unit: str,
    ) -> None:
        """Publish many values of one metric in the home account and region without waiting."""
        metric = Metric(namespace, name, dimensions_of(dimensions))
        datum = Datum(metric, self.clock.now(), tuple(values), unit)
        self.service.monitor(*self.home).store.put(datum)

    def alarm_states(self, names: Sequence[str]) -> dict[str, str]:
        """The states of those of the named alarms that exist."""
        return self.service.monitor(*self.home).alarms.states(list(names))

    def _record_metric(
        self,
        namespace: str,
        metric_name: str,
        value: float,
        unit: str = "None",
        dimensions: Mapping[str, str] | None = None,
    ) -> None:
        """What ministack's other services call to publish their metrics."""
        scope = (responses.get_account_id(), responses.get_region())
        self._put(scope, namespace, metric_name, dimensions, value, unit, None, 60)

    def _put(
        self,
        scope: tuple[str, str],
        namespace: str,
        name: str,
        dimensions: Mapping[str, str] | None,
        value: float,
        unit: str,
        timestamp: float | None,
        resolution_seconds: int,
    ) -> None:
        metric = Metric(namespace, name, dimensions_of(dimensions))
        at = self.clock.now() if timestamp is None else timestamp
        datum = Datum(metric, at, ((float(value), 1.0),), unit, None, resolution_seconds)
        self.service.monitor(*scope).store.put(datum)

    def _put_alarm(self, alarm: dict[str, Any]) -> None:
        """What ministack's auto scaling calls for the alarms of its target-tracking policies."""
        monitor = self.service.monitor(responses.get_account_id(), responses.get_region())
        request = {key: value for key, value in alarm.items() if value not in (None, "", [])}
        monitor.alarms.put_metric_alarm(request)
