"""Baking, done, rolled back or failed. Pure.

A deployment that SageMaker rolled back ends InService, often without a failure reason; what tells it from
success is the endpoint config in service (terraform-provider-aws issue 48997 describes the trap).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lambdas.aws.alarms import Firing
from lambdas.aws.endpoints import MISSING, EndpointState

BAKING, DONE, ROLLED_BACK, FAILED = "baking", "done", "rolled_back", "failed"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How a deployment stands, and why."""

    status: str
    reason: str


def judge(state: EndpointState, config_name: str, firings: Sequence[Firing]) -> Progress:
    """`config_name` is the config that the deployment asked for; `firings` what its alarms saw so far."""
    if state.status == MISSING:
        return Progress(status=FAILED, reason="the endpoint was deleted during the deployment")
    if state.status in ("Failed", "UpdateRollbackFailed"):
        return Progress(status=FAILED, reason=f"the endpoint is {state.status}: {_why(state, firings)}")
    if state.status != "InService":
        return Progress(status=BAKING, reason=f"the endpoint is {state.status}")
    if state.config_name == config_name:
        return Progress(status=DONE, reason=f"all traffic is on {config_name}")
    return Progress(
        status=ROLLED_BACK,
        reason=f"SageMaker went back to {state.config_name}: {_why(state, firings)}",
    )


def _why(state: EndpointState, firings: Sequence[Firing]) -> str:
    if firings:
        return "; ".join(map(str, firings))
    return state.failure_reason or "no alarm fired, and SageMaker gives no reason"
