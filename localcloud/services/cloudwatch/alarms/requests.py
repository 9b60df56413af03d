"""Turns a PutMetricAlarm request into the alarm's record, or refuses it as CloudWatch does.

The record has the members of DescribeAlarms' MetricAlarm. Limits: CloudWatch API reference, "PutMetricAlarm".
Anomaly detection, PromQL and log alarms are not part of this cloud and are refused.
"""

from collections.abc import Collection, Mapping
from typing import Any

from localcloud.services.cloudwatch.alarms.datapoints import watched
from localcloud.services.cloudwatch.alarms.evaluation import COMPARISONS, TREATMENTS, Rule
from localcloud.services.cloudwatch.errors import (
    ServiceError,
    invalid_combination,
    missing_parameter,
    validation_error,
)
from localcloud.services.cloudwatch.metric_math.syntax import MathError
from localcloud.services.cloudwatch.metrics.queries import Answers, metric_of
from localcloud.services.cloudwatch.metrics.statistics import BASIC, is_extended
from localcloud.services.cloudwatch.metrics.store import MetricStore

Record = dict[str, Any]

ACTION_LISTS = ("OKActions", "AlarmActions", "InsufficientDataActions")
_MAX_ACTIONS = 5
_MAX_METRICS = 10
_MAX_TAGS = 50
_DAY = 86400
_WALL_CLOCK_PERIODS = (60, 300, 3600, 86400, 604800)
_UNSUPPORTED = ("ThresholdMetricId", "EvaluationCriteria", "WarmUpConfiguration", "EvaluationInterval")
_SINGLE_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit", "Dimensions")
_KEPT = (
    "AlarmName",
    "AlarmDescription",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
    "Metrics",
    "EvaluationWindow",
)


def metric_alarm(request: Mapping[str, Any]) -> Record:
    """The record of a valid request, without name-giving parts (ARN, state, times)."""
    _check_name(request)
    _check_supported(request)
    _check_rule(request)
    check_actions(request)
    if request.get("Metrics"):
        _check_math(request)
    else:
        _check_single_metric(request)
    record = {key: request[key] for key in _KEPT if request.get(key) is not None}
    record["ActionsEnabled"] = request.get("ActionsEnabled", True)
    record["Dimensions"] = list(request.get("Dimensions") or [])
    record.update({key: list(request.get(key) or []) for key in ACTION_LISTS})
    _check_watched(record)
    return record


def rule_of(record: Mapping[str, Any]) -> Rule:
    """When the alarm of this record fires. AWS/DynamoDB metrics always ignore missing data (User Guide)."""
    treatment = record.get("TreatMissingData") or "missing"
    return Rule(
        comparison=record["ComparisonOperator"],
        threshold=record["Threshold"],
        periods=record["EvaluationPeriods"],
        datapoints=record.get("DatapointsToAlarm") or record["EvaluationPeriods"],
        treat_missing="ignore" if record.get("Namespace") == "AWS/DynamoDB" else treatment,
    )


def check_actions(request: Mapping[str, Any]) -> None:
    """Each list of actions holds at most five ARNs."""
    for key in ACTION_LISTS:
        actions = request.get(key) or []
        if len(actions) > _MAX_ACTIONS:
            raise _constraint(actions, _lower(key), "Member must have length less than or equal to 5")
        for action in actions:
            if not (isinstance(action, str) and action.startswith("arn:") and action.count(":") >= 5):
                raise validation_error(f"Invalid arn syntax: {action}")


def tags_of(request: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a request, which count only when the alarm is new."""
    tags = {tag.get("Key") or "": tag.get("Value") or "" for tag in request.get("Tags") or []}
    if len(tags) > _MAX_TAGS:
        raise validation_error(f"The resultant tag set must not have more than {_MAX_TAGS} user tags.")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise validation_error(
                f"The tag '{key}' must have 1 to 128 characters, and its value at most 256"
            )
        if key.lower().startswith("aws:"):
            raise ServiceError(
                "AccessDenied", "The provided tag keys must not start with any case of aws:", 403
            )
    return tags


def _check_name(request: Mapping[str, Any]) -> None:
    name = request.get("AlarmName")
    if not name:
        raise missing_parameter("AlarmName")
    if len(name) > 255:
        raise _constraint(name, "alarmName", "Member must have length less than or equal to 255")
    if not name.isascii():
        raise validation_error(f"Alarm names must contain only ASCII characters, unlike '{name}'")


def _check_supported(request: Mapping[str, Any]) -> None:
    for key in _UNSUPPORTED:
        if request.get(key) is not None:
            raise validation_error(f"{key} is not supported by the embedded cloud; leave it out")


def _check_rule(request: Mapping[str, Any]) -> None:
    comparison = request.get("ComparisonOperator")
    if comparison not in COMPARISONS:
        raise _not_in("comparisonOperator", comparison, COMPARISONS)
    if request.get("Threshold") is None:
        raise missing_parameter("Threshold")
    for key in ("EvaluationPeriods", "DatapointsToAlarm"):
        value = request.get(key)
        if value is not None and value < 1:
            raise _constraint(value, _lower(key), "Member must have value greater than or equal to 1")
    if request.get("EvaluationPeriods") is None:
        raise missing_parameter("EvaluationPeriods")
    if (request.get("DatapointsToAlarm") or 0) > request["EvaluationPeriods"]:
        raise validation_error("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    treatment = request.get("TreatMissingData")
    if treatment is not None and treatment not in TREATMENTS:
        raise validation_error(
            f"The value {treatment} for parameter TreatMissingData is not one of {', '.join(TREATMENTS)}"
        )


def _check_single_metric(request: Mapping[str, Any]) -> None:
    for key in ("MetricName", "Namespace", "Period"):
        if not request.get(key):
            raise missing_parameter(key)
    basic, extended = request.get("Statistic"), request.get("ExtendedStatistic")
    if (basic is None) == (extended is None):
        raise invalid_combination("Exactly one of Statistic and ExtendedStatistic must be specified")
    if basic is not None and basic not in BASIC:
        raise _not_in("statistic", basic, BASIC)
    if extended is not None and not is_extended(extended):
        raise validation_error(f"The value {extended} for parameter ExtendedStatistic is not supported.")
    low_samples = request.get("EvaluateLowSampleCountPercentile")
    if low_samples not in (None, "evaluate", "ignore"):
        raise validation_error(
            f"The value {low_samples} for EvaluateLowSampleCountPercentile is not one of evaluate, ignore"
        )
    if len(metric_of(request).dimensions) > 30:
        raise validation_error("A metric has at most 30 dimensions")


def _check_math(request: Mapping[str, Any]) -> None:
    if given := [key for key in _SINGLE_METRIC if request.get(key)]:
        raise invalid_combination(f"{given[0]} must not be specified together with Metrics")
    returned = [entry for entry in request["Metrics"] if entry.get("ReturnData", True)]
    if len(returned) != 1:
        raise validation_error("Exactly one element of the metrics list should return data.")
    if len([entry for entry in request["Metrics"] if entry.get("MetricStat")]) > _MAX_METRICS:
        raise validation_error(f"An alarm watches at most {_MAX_METRICS} metrics")


def _check_watched(record: Record) -> None:
    """Period, span and window, and that an expression gives one series."""
    what = watched(record)
    period = what.period_seconds
    if period not in (10, 20, 30) and (period < 60 or period % 60):
        raise validation_error(f"Period must be 10, 20, 30 or a multiple of 60, not {period}")
    span, most = period * record["EvaluationPeriods"], _DAY if period < 3600 else 7 * _DAY
    if span > most:
        raise validation_error(
            "Metrics cannot be checked across more than "
            f"{'a day' if most == _DAY else '7 days'} (EvaluationPeriods * Period must be <= {most})."
        )
    window = (record.get("EvaluationWindow") or {}).get("WallClockWindow")
    if window is not None and (period not in _WALL_CLOCK_PERIODS or window.get("Timezone", "UTC") != "UTC"):
        raise validation_error(
            f"WallClockWindow needs a period of {_WALL_CLOCK_PERIODS} seconds and the time zone UTC"
        )
    _check_single_series(record)


def _check_single_series(record: Record) -> None:
    what = watched(record)
    try:
        series = Answers(what.queries, MetricStore(), 0, what.period_seconds).of(what.queries[0].id)
    except MathError as error:
        raise validation_error(f"Error in expression: {error}") from None
    if len(series) != 1:
        raise validation_error("An alarm watches one time series; this expression gives an array.")


def _constraint(value: object, where: str, constraint: str) -> ServiceError:
    what = f"Value '{value}' at '{where}' failed to satisfy constraint: {constraint}"
    return validation_error(f"1 validation error detected: {what}")


def _not_in(where: str, value: object, allowed: Collection[str]) -> ServiceError:
    listed = ", ".join(allowed)
    return _constraint(value, where, f"Member must satisfy enum value set: [{listed}]")


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]
