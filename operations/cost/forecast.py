"""What a stage will cost, line by line, from its template and pipeline.toml. Pure.

Each line has a low, an expected and a high figure with the assumption behind them. Where no price is
known, the figures are None: such a line is named, and the sum is a lower bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.deployment import DeploymentPolicy
from contracts.estimators import CHOSEN
from contracts.network import Network
from contracts.pipeline_config import PipelineConfig
from contracts.scaling import FleetScaling
from operations.cost.prices import Prices
from operations.cost.template import Billed, Function, count

IDLE, RETRAINING, REQUESTS = "idle, a month", "each retraining", "a million requests"
GROUPS = (IDLE, RETRAINING, REQUESTS)
# An account's free tier that does not end (aws.amazon.com/cloudwatch/pricing): what the low figure uses.
FREE_DASHBOARDS, FREE_ALARM_METRICS = 3, 10
START_SECONDS = 300  # until a fleet answers
CHECK_SECONDS = 30  # between two looks at a deployment, about
TRANSITIONS_PER_CHECK = 3


@dataclass(frozen=True, kw_only=True)
class Line:
    """US dollars of one item; None where no price is known."""

    group: str
    item: str
    low: float | None
    expected: float | None
    high: float | None
    assumption: str
    lower_by: str = ""
    """What would make it less."""


@dataclass(frozen=True, kw_only=True)
class Sum:
    """Of the lines whose price is known; `unknown` are the other lines' items."""

    low: float
    expected: float
    high: float
    unknown: tuple[str, ...]


def forecast(
    template: Mapping[str, Any], config: PipelineConfig, stage: str, prices: Prices
) -> tuple[Line, ...]:
    """Every line of a stage."""
    billed, policy = count(template), config.deployments[stage]
    return (
        *_idle(billed, policy, config.scaling if config.scaling.scales(stage) else None, prices),
        *_retraining(billed, config, policy, prices),
        *_requests(policy, prices),
    )


def total(lines: Iterable[Line], group: str) -> Sum:
    """The sum of one group."""
    own = [line for line in lines if line.group == group]
    return Sum(
        low=sum(line.low or 0.0 for line in own),
        expected=sum(line.expected or 0.0 for line in own),
        high=sum(line.high or 0.0 for line in own),
        unknown=tuple(line.item for line in own if line.expected is None),
    )


def monthly(lines: Iterable[Line], *, retrainings: float, million_requests: float) -> float:
    """The expected bill of a month, of what has a price."""
    found = list(lines)
    return (
        total(found, IDLE).expected
        + retrainings * total(found, RETRAINING).expected
        + million_requests * total(found, REQUESTS).expected
    )


def _fleet(policy: DeploymentPolicy, scaling: FleetScaling | None, prices: Prices) -> Line:
    """One that scales itself costs between its bounds."""

    def month(instances: int) -> float | None:
        return prices.month_of(f"endpoint {policy.instance_type}", instances)

    count, always = policy.instance_count, "from the first model on, day and night; before it nothing"
    if scaling is None:
        low, high, several, assumption = count, count, f"{count}", always
    else:
        low, high = scaling.min_instances, scaling.max_instances
        several = f"{low} to {high}"
        assumption = f"{always}; at its least, at instance_count ({count}), at its most"
    return Line(
        group=IDLE,
        item=f"endpoint, {several} × {policy.instance_type}",
        low=month(low),
        expected=month(count),
        high=month(high),
        assumption=assumption,
        lower_by="fewer or smaller instances: instance_count, instance_type in [deployment]",
    )


def _idle(
    billed: Billed, policy: DeploymentPolicy, scaling: FleetScaling | None, prices: Prices
) -> Iterator[Line]:
    yield _fleet(policy, scaling, prices)
    if billed.interface_endpoints:
        pieces = billed.interface_endpoints * Network.ZONE_COUNT
        found = prices.month_of("interface endpoint in a zone", pieces)
        yield Line(
            group=IDLE,
            item=f"VPC, {billed.interface_endpoints} interface endpoints in {Network.ZONE_COUNT} zones",
            low=found,
            expected=found,
            high=found,
            assumption="traffic through them is billed besides, and not counted",
            lower_by="vpc = false in [network], or only for prod: stages = [...]",
        )
    yield _counted(prices, "customer managed key", billed.keys, 0, "one a key", "")
    yield _counted(
        prices,
        "alarm metric",
        billed.alarm_metrics,
        FREE_ALARM_METRICS,
        "an account's first ten are free, which the low figure uses",
        "",
    )
    yield _counted(
        prices, "dashboard", billed.dashboards, FREE_DASHBOARDS, "an account's first three are free", ""
    )
    yield Line(
        group=IDLE,
        item="custom metrics",
        low=prices.of("custom metric", 0),
        expected=prices.of("custom metric", 4),
        high=prices.of("custom metric", 20),
        assumption="billed by the hour in which they are sent: 4 all month; none within the free ten; 20",
        lower_by="",
    )
    yield _watchers(billed, prices)
    if billed.watching:
        yield _monitor(billed, prices)
    yield Line(
        group=IDLE,
        item="logs",
        low=prices.of("log line storage and ingestion", 0.05),
        expected=prices.of("log line storage and ingestion", 0.5),
        high=prices.of("log line storage and ingestion", 5),
        assumption="0.05, 0.5 or 5 GB a month, by how much the endpoint is asked",
        lower_by="a shorter log_retention in infra_cdk/stages.py",
    )
    yield Line(
        group=IDLE,
        item="datasets, models and captures in S3",
        low=prices.of("S3 standard storage", 0.1),
        expected=prices.of("S3 standard storage", 5),
        high=prices.of("S3 standard storage", 100),
        assumption="0.1, 5 or 100 GB",
        lower_by="a lower capture_share",
    )
    yield Line(
        group=IDLE,
        item=f"{billed.images} images",
        low=prices.of("image storage", 0.5 * billed.images),
        expected=prices.of("image storage", 0.7 * billed.images),
        high=prices.of("image storage", 2.0 * billed.images),
        assumption="0.5, 0.7 or 2 GB an image; every deployment with other code adds one",
        lower_by="",
    )
    if billed.has_mlflow:
        yield Line(
            group=IDLE,
            item="MLflow app",
            low=None,
            expected=None,
            high=None,
            assumption="no list price of the serverless app was found; its files are counted with S3",
        )


def _counted(prices: Prices, item: str, pieces: int, free: int, assumption: str, lower_by: str) -> Line:
    whole = prices.month_of(item, pieces)
    return Line(
        group=IDLE,
        item=f"{pieces} × {item}",
        low=prices.month_of(item, max(0, pieces - free)),
        expected=whole,
        high=whole,
        assumption=assumption,
        lower_by=lower_by,
    )


def _watchers(billed: Billed, prices: Prices) -> Line:
    """Functions that a schedule calls."""

    def cost(seconds_of: Any) -> float | None:
        parts = [
            _calls(prices, billed.functions[name], calls, seconds_of(billed.functions[name]))
            for name, calls in billed.scheduled.items()
        ]
        return _sum(parts)

    return Line(
        group=IDLE,
        item=f"{len(billed.scheduled)} scheduled functions",
        low=cost(lambda _: 0.2),
        expected=cost(lambda _: 1.0),
        high=cost(lambda function: function.timeout_seconds / 2),
        assumption="0.2 or 1 s a call, or half of what the timeout allows",
    )


def _monitor(billed: Billed, prices: Prices) -> Line:
    """What `[monitoring]` starts by its schedule, whether or not anything drifts."""

    def cost(seconds_of: Any, states: float) -> float | None:
        calls = [
            _calls(prices, billed.functions[name], times, seconds_of(billed.functions[name]))
            for name, times in billed.watching.items()
        ]
        return _sum([*calls, prices.of("state transition", billed.watching_runs * states)])

    return Line(
        group=IDLE,
        item=f"monitor, {billed.watching_runs:,.0f} runs of {len(billed.watching)} functions",
        low=cost(lambda _: 1.0, 5),
        expected=cost(lambda _: 8.0, 8),
        high=cost(lambda function: function.timeout_seconds / 4, 12),
        assumption="1 or 8 s a call, or a quarter of its time limit; what is kept is counted with S3",
        lower_by="a rarer schedule in [monitoring]",
    )


def _retraining(
    billed: Billed, config: PipelineConfig, policy: DeploymentPolicy, prices: Prices
) -> Iterator[Line]:
    training = config.training
    search_seconds = training.search.budget_seconds if training.search.enabled else 0
    if training.estimator in CHOSEN:
        search_seconds = training.budget_seconds
    item, hours = f"training {training.instance_type}", 1 / 3600
    yield Line(
        group=RETRAINING,
        item=f"training job on {training.instance_type}",
        low=prices.of(item, (60 + search_seconds) * hours),
        expected=prices.of(item, (180 + search_seconds) * hours),
        high=prices.of(item, training.max_runtime_seconds * hours),
        assumption="1 or 3 minutes, the search's budget besides, or max_runtime_seconds",
        lower_by="a smaller instance_type or budget_seconds in [training]",
    )
    bake = policy.baking_seconds * policy.shift_count + policy.termination_wait_seconds
    wait = policy.evidence_wait_seconds
    fleet = f"endpoint {policy.instance_type}"
    yield Line(
        group=RETRAINING,
        item=f"second fleet, {policy.instance_count} × {policy.instance_type}",
        low=prices.of(fleet, 0),
        expected=prices.of(fleet, policy.instance_count * (START_SECONDS + bake) * hours),
        high=prices.of(fleet, policy.instance_count * (START_SECONDS + bake + wait) * hours),
        assumption=f"none for a model that the gate refuses; {START_SECONDS} s to start, then {bake} s, and "
        f"{wait} s more where requests are missing",
        lower_by="a shorter baking_seconds or termination_wait_seconds in [deployment]",
    )
    yield _work(billed, prices)
    checks = (START_SECONDS + bake) / CHECK_SECONDS
    late = (START_SECONDS + bake + wait) / CHECK_SECONDS
    yield Line(
        group=RETRAINING,
        item="state transitions",
        low=prices.of("state transition", 12),
        expected=prices.of("state transition", billed.states / 2 + TRANSITIONS_PER_CHECK * checks),
        high=prices.of("state transition", 2 * billed.states + TRANSITIONS_PER_CHECK * late),
        assumption=f"half of {billed.states} states and {TRANSITIONS_PER_CHECK} a look at the deployment; "
        "12 for a rejected dataset, twice all states with retries",
    )


def _work(billed: Billed, prices: Prices) -> Line:
    """The functions of one run: the large ones read the data, the small ones ask and tell."""
    others = {*billed.scheduled, *billed.watching}
    own = [function for name, function in billed.functions.items() if name not in others]
    large = [function for function in own if function.memory_gb >= 1]
    small = [function for function in own if function.memory_gb < 1]

    def cost(large_seconds: float, small_seconds: float) -> float | None:
        return _sum(
            [_calls(prices, function, 1, large_seconds) for function in large]
            + [_calls(prices, function, 1, small_seconds) for function in small]
        )

    return Line(
        group=RETRAINING,
        item=f"{len(own)} functions, a call each",
        low=cost(2, 0.3),
        expected=cost(20, 1),
        high=cost(max((function.timeout_seconds for function in large), default=0), 10),
        assumption="2 or 20 s of those that read data, or all that their timeout allows",
    )


def _requests(policy: DeploymentPolicy, prices: Prices) -> Iterator[Line]:
    gb = 1e6 / 1024**3  # of a million requests of one byte
    yield Line(
        group=REQUESTS,
        item="data to and from the endpoint",
        low=prices.of("endpoint data", 200 * gb),
        expected=prices.of("endpoint data", 1_000 * gb),
        high=prices.of("endpoint data", 100_000 * gb),
        assumption="200, 1,000 or 100,000 bytes a request with its answer; the fleet is counted with idle",
        lower_by="several rows a request",
    )
    captured = policy.capture_share
    yield Line(
        group=REQUESTS,
        item="captured requests in S3, the first month",
        low=prices.of("S3 standard storage", captured * 600 * gb),
        expected=prices.of("S3 standard storage", captured * 3_000 * gb),
        high=_sum(
            [
                prices.of("S3 standard storage", captured * 300_000 * gb),
                prices.of("S3 PUT", captured * 1e6 / 100),
            ]
        ),
        assumption=f"capture_share {captured:g}; three times the bytes, as base64 and JSON",
        lower_by="a lower capture_share in [deployment]",
    )


def _calls(prices: Prices, function: Function, calls: float, seconds: float) -> float | None:
    return _sum(
        [
            prices.of("function request", calls),
            prices.of(function.item, calls * seconds * function.memory_gb),
        ]
    )


def _sum(parts: Iterable[float | None]) -> float | None:
    """None where any part is unknown."""
    found = list(parts)
    known = [part for part in found if part is not None]
    return sum(known) if len(known) == len(found) else None


def summary(lines: Iterable[Line]) -> str:
    """In words: what idling costs, the largest item, and what has no price here."""
    idle = [line for line in lines if line.group == IDLE]
    known = [(line.expected, line) for line in idle if line.expected is not None]
    unknown = [line.item for line in idle if line.expected is None]
    amount, largest = max(known, key=lambda pair: pair[0])
    said = f"about ${total(idle, IDLE).expected:,.0f} a month idle, of which {largest.item} is ${amount:,.0f}"
    return f"{said}; no price is known here for {', '.join(unknown)}" if unknown else said
