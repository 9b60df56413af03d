"""The operations on alarms. What each accepts and returns: CloudWatch API reference."""

from collections.abc import Mapping
from typing import Any

from localcloud.services.cloudwatch.alarms import composite
from localcloud.services.cloudwatch.alarms.records import AlarmRecords
from localcloud.services.cloudwatch.alarms.requests import ACTION_LISTS, Record
from localcloud.services.cloudwatch.errors import missing_parameter, validation_error
from localcloud.services.cloudwatch.metrics.pages import page_start, page_token
from localcloud.services.cloudwatch.metrics.queries import metric_of
from localcloud.services.cloudwatch.monitor import Monitor

Parameters = Mapping[str, Any]


def put_metric_alarm(monitor: Monitor, parameters: Parameters) -> dict[str, Any]:
    """Create or change a metric alarm."""
    monitor.alarms.put_metric_alarm(dict(parameters))
    return {}


def put_composite_alarm(monitor: Monitor, parameters: Parameters) -> dict[str, Any]:
    """Create or change a composite alarm."""
    monitor.alarms.put_composite_alarm(dict(parameters))
    return {}


def delete_alarms(monitor: Monitor, parameters: Parameters) -> dict[str, Any]:
    """Delete alarms; a name that no alarm has is no error."""
    monitor.alarms.delete(_names(parameters))
    return {}


def enable_alarm_actions(monitor: Monitor, parameters: Parameters) -> dict[str, Any]:
    """Let alarms act on their changes of state."""
    monitor.alarms.enable_actions(_names(parameters), True)
    return {}


def disable_alarm_actions(monitor: Monitor, parameters: Parameters) -> dict[str, Any]:
    """Stop alarms from acting; their states still change."""
    monitor.alarms.enable_actions(_names(parameters), False)
    return {}


def set_alarm_state(monitor: Monitor, parameters: Parameters) -> dict[str, Any]:
    """Set a state by hand."""
    for key in ("AlarmName", "StateValue", "StateReason"):
        if parameters.get(key) is None:
            raise missing_parameter(key)
    monitor.alarms.set_state(
        parameters["AlarmName"],
        parameters["StateValue"],
        parameters["StateReason"],
        parameters.get("StateReasonData"),
    )
    return {}


def describe_alarms(monitor: Monitor, parameters: Parameters) -> dict[str, Any]:
    """Alarms in the order of their names, metric and composite ones in two lists."""
    with monitor.alarms.lock:
        alarm_records = monitor.alarms.alarm_records
        types = parameters.get("AlarmTypes") or ["MetricAlarm"]
        found = [*alarm_records.metric.values()] if "MetricAlarm" in types else []
        found += [*alarm_records.composite.values()] if "CompositeAlarm" in types else []
        found = [record for record in found if _is_asked_for(record, parameters, alarm_records)]
        found.sort(key=lambda record: str(record["AlarmName"]))
        page, token = _page(found, parameters)
        if parameters.get("ChildrenOfAlarmName") or parameters.get("ParentsOfAlarmName"):
            page = [{key: record[key] for key in ("AlarmName", "AlarmArn", "StateValue")} for record in page]
        is_composite = [alarm_records.is_composite(record["AlarmName"]) for record in page]
        return {
            "MetricAlarms": [
                dict(a) for a, composite in zip(page, is_composite, strict=True) if not composite
            ],
            "CompositeAlarms": [
                dict(a) for a, composite in zip(page, is_composite, strict=True) if composite
            ],
            "NextToken": token,
        }


def describe_alarms_for_metric(monitor: Monitor, parameters: Parameters) -> dict[str, Any]:
    """The alarms on exactly this metric; alarms on metric math are not among them."""
    wanted = metric_of(parameters)
    with monitor.alarms.lock:
        found = [
            dict(record)
            for record in monitor.alarms.alarm_records.metric.values()
            if not record.get("Metrics")
            and metric_of(record) == wanted
            and all(
                parameters.get(key) in (None, record.get(key))
                for key in ("Statistic", "ExtendedStatistic", "Period", "Unit")
            )
        ]
    return {"MetricAlarms": found}


def describe_alarm_history(monitor: Monitor, parameters: Parameters) -> dict[str, Any]:
    """What happened to alarms, newest first unless ScanBy says otherwise."""
    types = parameters.get("AlarmTypes") or ["MetricAlarm"]
    start, end = parameters.get("StartDate", float("-inf")), parameters.get("EndDate", float("inf"))
    with monitor.alarms.lock:
        found = [
            dict(item)
            for item in monitor.alarms.alarm_records.history
            if item["AlarmType"] in types
            and parameters.get("AlarmName") in (None, item["AlarmName"])
            and parameters.get("HistoryItemType") in (None, item["HistoryItemType"])
            and start <= item["Timestamp"] <= end
        ]
    if parameters.get("ScanBy") != "TimestampAscending":
        found.reverse()
    page, token = _page(found, parameters)
    return {"AlarmHistoryItems": page, "NextToken": token}


def _is_asked_for(record: Record, parameters: Parameters, alarm_records: AlarmRecords) -> bool:
    name = record["AlarmName"]
    names, prefix = parameters.get("AlarmNames"), parameters.get("AlarmNamePrefix")
    if (names and name not in names) or (prefix and not name.startswith(prefix)):
        return False
    if parameters.get("StateValue") not in (None, record["StateValue"]):
        return False
    action = parameters.get("ActionPrefix")
    if action and not any(one.startswith(action) for key in ACTION_LISTS for one in record.get(key, [])):
        return False
    return _is_relative(record, parameters, alarm_records)


def _is_relative(record: Record, parameters: Parameters, alarm_records: AlarmRecords) -> bool:
    """Whether the alarm is a child or parent of the one that the request names, if it names one."""
    if parent := parameters.get("ChildrenOfAlarmName"):
        return record["AlarmName"] in _children(alarm_records.composite.get(parent), alarm_records)
    if child := parameters.get("ParentsOfAlarmName"):
        return child in _children(alarm_records.composite.get(record["AlarmName"]), alarm_records)
    return True


def _children(record: Record | None, alarm_records: AlarmRecords) -> set[str]:
    if record is None:
        return set()
    return {
        alarm_records.name_of(reference)
        for reference in composite.references(composite.parse(record["AlarmRule"]))
    }


def _page(found: list[Record], parameters: Parameters) -> tuple[list[Record], str | None]:
    size = parameters.get("MaxRecords") or 50
    if not 1 <= size <= 100:
        raise validation_error(f"MaxRecords must be between 1 and 100, not {size}")
    start = page_start(parameters)
    return found[start : start + size], page_token(start + size, len(found))


def _names(parameters: Parameters) -> list[str]:
    if not parameters.get("AlarmNames"):
        raise missing_parameter("AlarmNames")
    if len(parameters["AlarmNames"]) > 100:
        raise validation_error("A request names at most 100 alarms")
    return list(parameters["AlarmNames"])
