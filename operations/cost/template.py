"""What of a synthesised template is billed, counted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_PER_MONTH = {"minute": 43_800.0, "hour": 730.0, "day": 30.4}


@dataclass(frozen=True, kw_only=True)
class Function:
    """A Lambda function's size; `timeout_seconds` is the longest that one call may take."""

    name: str
    memory_gb: float
    timeout_seconds: float
    architecture: str

    @property
    def item(self) -> str:
        return f"function on {self.architecture}"


@dataclass(frozen=True, kw_only=True)
class Billed:
    """Counts by kind; the endpoint is not in the template. `scheduled` are the calls a month by function,
    `watching` those by way of a state machine that Scheduler starts, `watching_runs` its runs a month."""

    keys: int
    alarm_metrics: int
    dashboards: int
    interface_endpoints: int
    images: int
    functions: Mapping[str, Function]
    scheduled: Mapping[str, float]
    watching: Mapping[str, float]
    watching_runs: float
    states: int
    has_mlflow: bool


def count(template: Mapping[str, Any]) -> Billed:
    """Walk the template's resources."""
    resources: Mapping[str, Any] = template["Resources"]
    of = _by_type(resources)
    functions = {name: _function(name, found) for name, found in of("AWS::Lambda::Function")}
    runs = dict(_machine_runs(of))
    return Billed(
        keys=len(list(of("AWS::KMS::Key"))),
        alarm_metrics=sum(_alarm_metrics(found) for _, found in of("AWS::CloudWatch::Alarm")),
        dashboards=len(list(of("AWS::CloudWatch::Dashboard"))),
        interface_endpoints=sum(
            found.get("VpcEndpointType") == "Interface" for _, found in of("AWS::EC2::VPCEndpoint")
        ),
        images=len({str(f["Code"]) for _, f in of("AWS::Lambda::Function") if "ImageUri" in f["Code"]}) + 2,
        functions=functions,
        scheduled=dict(_scheduled(of, functions)),
        watching=dict(_by_machine(of, functions, runs)),
        watching_runs=sum(runs.values()),
        states=_states(of),
        has_mlflow=any(True for _ in of("AWS::SageMaker::MlflowApp")),
    )


def _by_type(resources: Mapping[str, Any]) -> Any:
    def of(kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        return (
            (name, found.get("Properties", {})) for name, found in resources.items() if found["Type"] == kind
        )

    return of


def _function(name: str, found: Mapping[str, Any]) -> Function:
    return Function(
        name=name,
        memory_gb=float(found.get("MemorySize", 128)) / 1024,
        timeout_seconds=float(found.get("Timeout", 3)),
        architecture=str(next(iter(found.get("Architectures", [])), "x86_64")),
    )


def _alarm_metrics(found: Mapping[str, Any]) -> int:
    """CloudWatch bills an alarm by the metrics that it reads, not by the alarm."""
    queries = found.get("Metrics", [])
    return sum("MetricStat" in query for query in queries) if queries else 1


def _scheduled(of: Any, functions: Mapping[str, Function]) -> Iterator[tuple[str, float]]:
    for _, rule in of("AWS::Events::Rule"):
        found = _RATE.fullmatch(str(rule.get("ScheduleExpression", "")))
        for target in rule.get("Targets", []) if found else []:
            name = str(target["Arn"].get("Fn::GetAtt", [""])[0]) if isinstance(target["Arn"], dict) else ""
            if found and name in functions:
                yield name, _PER_MONTH[found[2]] / int(found[1])


def _machine_runs(of: Any) -> Iterator[tuple[str, float]]:
    """Runs a month of each state machine that EventBridge Scheduler starts."""
    for _, schedule in of("AWS::Scheduler::Schedule"):
        arn = schedule.get("Target", {}).get("Arn")
        if isinstance(arn, dict) and "Ref" in arn:
            yield str(arn["Ref"]), _recurring(str(schedule.get("ScheduleExpression", "")))


def _recurring(expression: str) -> float:
    """Times a month; of a cron its minutes and hours alone, so that rarer days are counted too often."""
    if rate := _RATE.fullmatch(expression):
        return _PER_MONTH[rate[2]] / int(rate[1])
    fields = expression.removeprefix("cron(").split()
    if len(fields) < 2:
        return 0.0
    return _times(fields[0], 60) * _times(fields[1], 24) * _PER_MONTH["day"]


def _times(field: str, most: int) -> float:
    """How many of so many values a field of a cron expression takes."""
    if field in ("*", "?"):
        return most
    return sum(_part(part, most) for part in field.split(","))


def _part(part: str, most: int) -> float:
    span, _, step = part.partition("/")
    first, _, last = span.partition("-")
    wide = int(last) - int(first) + 1 if last.isdigit() and first.isdigit() else most if step else 1
    return wide / int(step) if step.isdigit() else wide


def _by_machine(
    of: Any, functions: Mapping[str, Function], runs: Mapping[str, float]
) -> Iterator[tuple[str, float]]:
    """Each function of such a machine once a run."""
    for machine, found in of("AWS::StepFunctions::StateMachine"):
        for value in found.get("DefinitionSubstitutions", {}).values():
            name = str(value.get("Fn::GetAtt", [""])[0]) if isinstance(value, dict) else ""
            if machine in runs and name in functions:
                yield name, runs[machine]


def _states(of: Any) -> int:
    """States of the largest definition, which is text with references between."""
    texts = (str(found.get("DefinitionString", "")) for _, found in of("AWS::StepFunctions::StateMachine"))
    return max(
        (len(re.findall(r'\\*"Type\\*": ?\\*"(?:Task|Choice|Wait|Pass|Map)', text)) for text in texts),
        default=0,
    )
