"""Why an alarm changed its state, in CloudWatch's words and in its JSON.

The wording follows the examples in the CloudWatch User Guide ("Alarm events and EventBridge") and in
DescribeAlarmHistory's.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from localcloud.services.cloudwatch.alarms.datapoints import Watched
from localcloud.services.cloudwatch.alarms.evaluation import Decision, Rule, State
from localcloud.services.cloudwatch.metrics.store import Point

Datapoints = Sequence[tuple[float, Point | None]]

_RELATIONS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
_TREATED_AS = {"breaching": "Breaching", "notBreaching": "NonBreaching"}


def timestamp(at: float) -> str:
    """A moment as CloudWatch writes it in JSON."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


def reason(datapoints: Datapoints, decision: Decision, rule: Rule, state: State) -> str:
    """The sentence that DescribeAlarms shows as StateReason."""
    if state is State.INSUFFICIENT_DATA:
        return (
            f"Insufficient Data: {_counted(decision.filled, 'datapoint')} {_were(decision.filled)} unknown."
        )
    if not decision.evaluated:
        return (
            f"Threshold Crossed: no datapoints were received for {_counted(rule.periods, 'period')} and "
            f"{_filled(decision.filled, rule)}."
        )
    return f"Threshold Crossed: {_crossed(datapoints, decision, rule, state)}"


def _crossed(datapoints: Datapoints, decision: Decision, rule: Rule, state: State) -> str:
    """Names the datapoints that speak for the state, newest first, and the gaps that were filled."""
    shown = [
        f"{point.value} ({datetime.fromtimestamp(at, UTC).strftime('%d/%m/%y %H:%M:%S')})"
        for at, point in (datapoints[position] for position in reversed(decision.evaluated))
        if point is not None and rule.breaches(point.value) == (state is State.ALARM)
    ]
    relation = f"{_RELATIONS[rule.comparison]} the threshold ({rule.threshold})"
    parts = []
    if shown:
        counted = f"{len(shown)} out of the last {rule.periods} datapoints [{', '.join(shown)}]"
        negation = "" if state is State.ALARM else "not "
        parts.append(f"{counted} {_were(len(shown))} {negation}{relation}")
    if decision.filled:
        parts.append(_filled(decision.filled, rule))
    needed = rule.datapoints if state is State.ALARM else rule.periods - rule.datapoints + 1
    transition = "OK -> ALARM" if state is State.ALARM else "ALARM -> OK"
    return f"{' and '.join(parts)} (minimum {_counted(needed, 'datapoint')} for {transition} transition)."


def _filled(count: int, rule: Rule) -> str:
    treated = _TREATED_AS.get(rule.treat_missing, "Missing")
    return f"{_counted(count, 'missing datapoint')} {_were(count)} treated as [{treated}]"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def reason_data(
    what: Watched, datapoints: Datapoints, decision: Decision, rule: Rule, now: float
) -> dict[str, Any]:
    """The document in StateReasonData, with the datapoints that led to the state."""
    evaluated = [datapoints[position] for position in decision.evaluated]
    known = [(at, point) for at, point in evaluated if point is not None]
    document: dict[str, Any] = {"version": "1.0", "queryDate": timestamp(now)}
    if known:
        document["startDate"] = timestamp(known[0][0])
    if what.statistic_name:
        document["statistic"] = what.statistic_name
    document["period"] = what.period_seconds
    document["recentDatapoints"] = [point.value for _, point in known]
    document["threshold"] = rule.threshold
    document["evaluatedDatapoints"] = [_evaluated(at, point) for at, point in reversed(known)]
    return document


def _evaluated(at: float, point: Point) -> dict[str, Any]:
    entry: dict[str, Any] = {"timestamp": timestamp(at)}
    if point.samples:
        entry["sampleCount"] = point.samples
    entry["value"] = point.value
    return entry
