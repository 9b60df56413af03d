"""The embedded cloud's CloudWatch: metrics, metric math, alarms, and the metrics in logs.

    cloudwatch.put_metric("AWS/SageMaker", "Invocations", {"EndpointName": "e"}, 1, "Count")
    cloudwatch.alarm_states(["my-alarm"])

Both are cheap, may be called from any thread, and need install() first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.host.cloud import Cloud
    from localcloud.services.cloudwatch.alarms.engine import AlarmEngine
    from localcloud.services.cloudwatch.plug import Plug

_plug: Plug | None = None


def install(cloud: Cloud) -> None:
    """Put this CloudWatch into ministack and start to evaluate alarms; stops with the cloud."""
    from localcloud.services.cloudwatch.plug import Plug

    global _plug
    _plug = Plug(cloud.clock, cloud.account, cloud.region, cloud.metric_delays)
    _plug.connect()
    _plug.start()
    cloud.on_shutdown(_plug.stop)


def put_metric(
    namespace: str,
    name: str,
    dimensions: Mapping[str, str] | None,
    value: float,
    unit: str = "None",
    timestamp: float | None = None,
    *,
    resolution_seconds: int = 60,
) -> None:
    """Publish one value as an AWS service does; `timestamp` is in cloud epoch seconds, now if omitted."""
    _installed().put_metric(namespace, name, dimensions, value, unit, timestamp, resolution_seconds)


def put_metric_values(
    namespace: str,
    name: str,
    dimensions: Mapping[str, str] | None,
    values: Sequence[tuple[float, float]],
    unit: str = "None",
) -> None:
    """Publish many values of one metric at once, each as (value, how often), at the cloud's now."""
    _installed().put_metric_values(namespace, name, dimensions, values, unit)


def alarm_states(names: Sequence[str]) -> dict[str, str]:
    """OK, ALARM or INSUFFICIENT_DATA for each of the named alarms that exists."""
    return _installed().alarm_states(names)


def alarm_engine() -> AlarmEngine:
    """The alarms of the home account and region."""
    plug = _installed()
    return plug.service.monitor(*plug.home).alarms


def _installed() -> Plug:
    if _plug is None:
        raise RuntimeError("localcloud.services.cloudwatch.install(cloud) has not been called")
    return _plug
