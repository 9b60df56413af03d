"""How long a whole execution may take: longer than all of its states together, so only what is stuck ends.

Step Functions stops an execution that is out of time without asking it, and nothing is cleaned up (States
Language, "TimeoutSeconds"); so the limit is a sum of upper bounds, and no estimate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

# Errors that come when the time of an attempt is over; all others are refusals, which come at once.
LATE_ERRORS = frozenset({"Lambda.Unknown", "Sandbox.Timedout", "States.Timeout"})
# A verdict that got old while the execution waited is made again, once: with the lease held none comes after.
REPEATED = ("EvaluateModel", "IsChallengerBetter", "RegisterModel")
# States that take turns with a Wait; what bounds each loop is not in the definition.
TRAINING_LOOP = ("FindTrainingJob", "IsTrainingOver", "WaitForTraining")
LEASE_LOOP = ("AcquireLease", "IsLeaseAcquired", "WaitForLease")
DEPLOYMENT_LOOP = ("WaitForBake", "CheckDeployment", "IsDeploymentOver", "ReturnHome")
BEHIND_THE_LEASE = (
    "FindPreviousChampion",
    *REPEATED,
    "DeployModel",
    "PromoteChampion",
    "RejectChallenger",
    "ReleaseLease",
)
# Who waits gives way to newer uploads, and has at most the deployment under way and a rollback before it.
TURNS_BEFORE = 2


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What the loops may take, and how many items a Map may have.

    `training_seconds` bounds a job that is looked for instead of started, `deployment_seconds` an update with
    all that follows it until the endpoint is at rest.
    """

    training_seconds: int
    deployment_seconds: int
    map_items: int


def execution_seconds(definition: Mapping[str, Any], bounds: Bounds) -> int:
    """An upper bound for every way through the definition."""
    states: Mapping[str, Mapping[str, Any]] = definition["States"]
    looping = {*TRAINING_LOOP, *LEASE_LOOP, *DEPLOYMENT_LOOP}
    once = sum(longest_seconds(state, bounds) for name, state in states.items() if name not in looping)
    again = _sum(states, REPEATED, bounds)
    holding = bounds.deployment_seconds + _sum(states, (*BEHIND_THE_LEASE, *DEPLOYMENT_LOOP), bounds)
    waiting = TURNS_BEFORE * holding + _sum(states, LEASE_LOOP, bounds)
    training = bounds.training_seconds + _sum(states, TRAINING_LOOP, bounds)
    return once + again + training + waiting + holding


def longest_seconds(state: Mapping[str, Any], bounds: Bounds) -> int:
    """What one visit of a state may take, its retries and the waits before them included."""
    if state["Type"] == "Map":
        rounds: int = -(-bounds.map_items // state["MaxConcurrency"])
        inner = sum(longest_seconds(item, bounds) for item in state["ItemProcessor"]["States"].values())
        return rounds * inner + _backoff_seconds(state.get("Retry", []))
    retriers = state.get("Retry", [])
    late = sum(r["MaxAttempts"] for r in retriers if LATE_ERRORS & set(r["ErrorEquals"]))
    return int((1 + late) * state.get("TimeoutSeconds", 0)) + _backoff_seconds(retriers)


def _sum(states: Mapping[str, Mapping[str, Any]], names: Iterable[str], bounds: Bounds) -> int:
    return sum(longest_seconds(states[name], bounds) for name in names)


def _backoff_seconds(retriers: Iterable[Mapping[str, Any]]) -> int:
    """With full jitter a wait is at most what it would be without."""
    return int(sum(chain.from_iterable(map(_waits, retriers))))


def _waits(retrier: Mapping[str, Any]) -> Iterable[float]:
    longest = retrier.get("MaxDelaySeconds", float("inf"))
    for attempt in range(retrier["MaxAttempts"]):
        yield min(longest, retrier["IntervalSeconds"] * retrier["BackoffRate"] ** attempt)
