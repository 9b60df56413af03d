"""How an update shifts its traffic, read from a DeploymentConfig and held against SageMaker's limits.

Limits: API reference, BlueGreenUpdatePolicy, TrafficRoutingConfig and CapacitySize; developer guide,
"Use canary traffic shifting" (at most 50 % of the fleet) and "Use linear traffic shifting" (10-50 %).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.services.sagemaker.errors import UnsupportedOperationError, ValidationError
from localcloud.services.sagemaker.store import Document

MAX_CANARY_SHARE = 0.5
LINEAR_SHARES = (0.1, 0.5)


@dataclass(frozen=True)
class Policy:
    """A blue/green policy: shares of the traffic to give to green, one after another."""

    shares: tuple[float, ...] = (1.0,)
    bake_seconds: float = 0.0
    """Between two shares; cloud time, like the other waits."""
    termination_wait_seconds: float = 0.0
    timeout_seconds: float | None = None
    alarms: tuple[str, ...] = ()


def read_policy(config: Document | None, instances: int) -> Policy:
    """The policy of an update to a fleet of so many instances; ValidationError when it breaks a limit."""
    if not config:
        return Policy()
    if config.get("RollingUpdatePolicy"):
        raise UnsupportedOperationError("RollingUpdatePolicy is not supported by the embedded cloud")
    alarms = config.get("AutoRollbackConfiguration", {}).get("Alarms", [])
    names = tuple(alarm["AlarmName"] for alarm in alarms)
    update = config.get("BlueGreenUpdatePolicy")
    if not update:
        return Policy(alarms=names)
    routing = update["TrafficRoutingConfiguration"]
    shares = _shares(routing, instances)
    bake = routing.get("WaitIntervalInSeconds", 0)
    termination = update.get("TerminationWaitInSeconds", 0)
    timeout = update.get("MaximumExecutionTimeoutInSeconds")
    waits = bake * (len(shares) - 1) + termination
    if timeout is not None and timeout <= waits:
        raise ValidationError(
            f"MaximumExecutionTimeoutInSeconds ({timeout}) must be larger than the sum of the waits "
            f"({waits})."
        )
    return Policy(shares, bake, termination, timeout, names)


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
