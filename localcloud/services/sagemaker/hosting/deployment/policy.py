"""How an update shifts its traffic, read from a DeploymentConfig and held against SageMaker's limits.

Limits: API reference, BlueGreenUpdatePolicy, TrafficRoutingConfig and CapacitySize; developer guide,
"Use canary traffic shifting" (at most 50 % of the fleet) and "Use linear traffic shifting" (10-50 %).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.hosting.deployment.batches import Batches, read_batches
from localcloud.services.sagemaker.store import Document

MAX_CANARY_SHARE = 0.5
LINEAR_SHARES = (0.1, 0.5)


@dataclass(frozen=True)
class Policy:
    """Shares of the traffic to give to green, one after another, or instances to replace batch by batch."""

    shares: tuple[float, ...] = (1.0,)
    bake_seconds: float = 0.0
    """Between two shares; cloud time, like the other waits."""
    termination_wait_seconds: float = 0.0
    timeout_seconds: float | None = None
    alarms: tuple[str, ...] = ()
    batches: Batches | None = None
    """Of a rolling deployment, whose traffic goes where the instances are."""


def read_policy(config: Document | None, *variants: int) -> Policy:
    """The policy of an update to variants of so many instances; ValidationError when it breaks a limit."""
    if not config:
        return Policy()
    alarms = config.get("AutoRollbackConfiguration", {}).get("Alarms", [])
    names = tuple(alarm["AlarmName"] for alarm in alarms)
    update, rolling = config.get("BlueGreenUpdatePolicy"), config.get("RollingUpdatePolicy")
    if update and rolling:
        raise ValidationError(
            "Only one update policy may be used in a deployment configuration: BlueGreenUpdatePolicy or "
            "RollingUpdatePolicy."
        )
    if rolling:
        return _rolling(rolling, variants, names)
    return _blue_green(update, sum(variants), names) if update else Policy(alarms=names)


def _rolling(update: Document, variants: tuple[int, ...], alarms: tuple[str, ...]) -> Policy:
    batches = read_batches(update, variants)
    bake, timeout = update["WaitIntervalInSeconds"], update.get("MaximumExecutionTimeoutInSeconds")
    _check_timeout(timeout, bake * batches.count)
    return Policy(bake_seconds=bake, timeout_seconds=timeout, alarms=alarms, batches=batches)


def _blue_green(update: Document, instances: int, alarms: tuple[str, ...]) -> Policy:
    routing = update["TrafficRoutingConfiguration"]
    shares = _shares(routing, instances)
    bake = routing.get("WaitIntervalInSeconds", 0)
    termination = update.get("TerminationWaitInSeconds", 0)
    timeout = update.get("MaximumExecutionTimeoutInSeconds")
    _check_timeout(timeout, bake * (len(shares) - 1) + termination)
    return Policy(shares, bake, termination, timeout, alarms)


def _check_timeout(timeout: int | None, waits: int) -> None:
    if timeout is not None and timeout <= waits:
        raise ValidationError(
            f"MaximumExecutionTimeoutInSeconds ({timeout}) must be larger than the sum of the waits "
            f"({waits})."
        )


def _shares(routing: dict[str, Any], instances: int) -> tuple[float, ...]:
    kind = routing["Type"]
    if kind == "ALL_AT_ONCE":
        return (1.0,)
    member = "CanarySize" if kind == "CANARY" else "LinearStepSize"
    size = routing.get(member)
    if size is None:
        raise ValidationError(f"{member} is required for traffic routing of type {kind}.")
    if instances < 2:
        raise ValidationError(
            f"Traffic routing of type {kind} needs at least 2 instances; there is {instances}."
        )
    step = size["Value"] / (instances if size["Type"] == "INSTANCE_COUNT" else 100)
    low, high = (0.0, MAX_CANARY_SHARE) if kind == "CANARY" else LINEAR_SHARES
    if not low <= step <= high or step == 0:
        raise ValidationError(
            f"{member} must be between {low:.0%} and {high:.0%} of the fleet's {instances} instances; "
            f"it is {step:.0%}."
        )
    if kind == "CANARY":
        return (step, 1.0)
    steps = [step * number for number in range(1, int(1 / step) + 1)]
    return (*(share for share in steps if share < 0.999), 1.0)
