"""Baking, watching, done, to go home, rolled back or failed. Pure.

A deployment that SageMaker rolled back ends InService, often without a failure reason; what tells it from
success is the endpoint config in service (terraform-provider-aws issue 48997 describes the trap). And one
that SageMaker calls done is done only if its alarms were there, and saw the green fleet answer: SageMaker's
own bake can't be made longer, so what is lacking then is waited for after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.deployment import MAX_RETURNS
from contracts.documents.deployments import Deployment, GoingHome, Watch
from lambdas.aws.alarms import Firing
from lambdas.aws.endpoints import MISSING, EndpointState

BAKING, WATCHING, DONE, ROLLED_BACK, FAILED = "baking", "watching", "done", "rolled_back", "failed"
GO_HOME, RETURNED = "go_home", "returned"
UNGUARDED_ERROR, ROLLED_BACK_ERROR = "DeploymentUnguardedError", "DeploymentRolledBackError"
PROVEN, UNPROVEN, EXEMPT = "proven", "unproven", "exempt"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How a deployment stands, and why. `error` is what it ends with where traffic must go home; `proof` says
    of one that is done whether anybody saw it answer."""

    status: str
    reason: str
    error: str = ""
    proof: str = ""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What was seen of the deployment: what its alarms saw so far, what is wrong with them, what evidence is
    lacking, and for how many seconds it has been watched since it was in service."""

    firings: Sequence[Firing] = ()
    broken: str = ""
    lacking: str = ""
    watched_seconds: int = 0


def judge(state: EndpointState, deployment: Deployment, seen: Sight) -> Progress:
    """`deployment` is DeployModel's answer, or ReturnHome's."""
    if state.status == MISSING:
        return Progress(status=FAILED, reason="the endpoint was deleted during the deployment")
    if state.status in ("Failed", "UpdateRollbackFailed"):
        return Progress(status=FAILED, reason=f"the endpoint is {state.status}: {_why(state, seen.firings)}")
    if deployment.going_home:
        return _returning(state, deployment.previous_config_name, deployment.going_home)
    has_home = bool(deployment.previous_config_name)
    is_home = state.status == "InService" and state.config_name != deployment.config_name
    if seen.broken and has_home and not is_home:
        return Progress(status=GO_HOME, reason=f"nobody watched: {seen.broken}", error=UNGUARDED_ERROR)
    if state.status != "InService":
        return Progress(status=BAKING, reason=f"the endpoint is {state.status}")
    if state.config_name != deployment.config_name:
        return Progress(
            status=ROLLED_BACK,
            reason=f"SageMaker went back to {state.config_name}: {_why(state, seen.firings)}",
        )
    return _in_service(deployment, seen)


def _returning(state: EndpointState, home: str, why: GoingHome) -> Progress:
    if state.status != "InService":
        return Progress(status=BAKING, reason=f"on the way back to {home}: the endpoint is {state.status}")
    if state.config_name == home:
        return Progress(status=RETURNED, reason=f"{why.reason}; all traffic is back on {home}")
    if why.attempts >= MAX_RETURNS:
        reason = f"{why.reason}; and {MAX_RETURNS} attempts did not bring the traffic back to {home}"
        return Progress(status=FAILED, reason=reason)
    return Progress(status=GO_HOME, reason=why.reason, error=why.error)


def _in_service(deployment: Deployment, seen: Sight) -> Progress:
    """All traffic is on the green fleet: is that known to be well?"""
    done = f"all traffic is on {deployment.config_name}"
    watch, exempt = deployment.watch, deployment.exempt
    if exempt or watch is None:
        exempt = exempt or "a deployment begun before there was a minimum"
        return Progress(status=DONE, reason=f"{done}; {exempt} needs no proof", proof=EXEMPT)
    if seen.firings:
        why = "; ".join(map(str, seen.firings))
        return Progress(status=GO_HOME, reason=f"after the bake: {why}", error=ROLLED_BACK_ERROR)
    if not seen.lacking:
        return Progress(status=DONE, reason=done, proof=PROVEN)
    return _lacking_proof(done, watch, seen)


def _lacking_proof(done: str, watch: Watch, seen: Sight) -> Progress:
    if seen.watched_seconds < watch.evidence_wait_seconds:
        return Progress(status=WATCHING, reason=f"{done}; {seen.lacking}")
    unproven = f"{seen.lacking} within {watch.evidence_wait_seconds} s"
    if watch.when_unproven == "promote":
        return Progress(status=DONE, reason=f"{done}; {unproven}", proof=UNPROVEN)
    return Progress(status=GO_HOME, reason=f"unproven: {unproven}", error=UNGUARDED_ERROR)


def _why(state: EndpointState, firings: Sequence[Firing]) -> str:
    if firings:
        return "; ".join(map(str, firings))
    return state.failure_reason or "no alarm fired, and SageMaker gives no reason"
