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
    """Counts by kind; the endpoint is not in the template. `scheduled` are the calls a month by function."""

    keys: int
    alarm_metrics: int
    dashboards: int
    interface_endpoints: int
    images: int
    functions: Mapping[str, Function]
    scheduled: Mapping[str, float]
    states: int
    has_mlflow: bool


def count(template: Mapping[str, Any]) -> Billed:
    """Walk the template's resources."""
    resources: Mapping[str, Any] = template["Resources"]
    of = _by_type(resources)
    functions = {name: _function(name, found) for name, found in of("AWS::Lambda::Function")}
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


def _states(of: Any) -> int:
    """States of the largest definition, which is text with references between."""
    texts = (str(found.get("DefinitionString", "")) for _, found in of("AWS::StepFunctions::StateMachine"))
    return max(
        (len(re.findall(r'\\*"Type\\*": ?\\*"(?:Task|Choice|Wait|Pass|Map)', text)) for text in texts),
        default=0,
    )
