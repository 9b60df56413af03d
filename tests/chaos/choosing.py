"""One random fault for one run, the same for the same seed, run and catalogue of calls."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FAULTS = ("throttle", "error", "timeout", "twice", "lost")
KILL_SHARE = 0.2
OUTAGE_SHARE = 0.1
OUTAGE_CALLS = 13
"""More than two tries of any client: what depends on the operation tries again later, or gives up cleanly."""
KILL_WINDOW_SECONDS = {"lambda": 1.0, "training": 4.0, "endpoint": 6.0}
FUNCTIONS = (
    "*-StartExecution",
    "*-IngestData",
    "*-EvaluateModel",
    "*-RegisterModel",
    "*-AcquireLease",
    "*-DeployModel",
    "*-CheckDeployment",
    "*-ReturnHome",
    "*-PromoteChampion",
    "*-ReleaseLease",
)
GOOD, SAME, INVALID = "good", "same", "invalid"


@dataclass(frozen=True)
class Trial:
    """What is uploaded, and what goes wrong meanwhile."""

    upload: str
    fault: str
    where: str
    plan: Mapping[str, Any]


def choose(seed: int, run: int, catalogue: Sequence[Mapping[str, Any]]) -> Trial:
    """`catalogue` holds the calls that one undisturbed run made: service, operation, principal, count."""
    chance = random.Random(f"{seed}/{run}")
    upload = chance.choices((GOOD, SAME, INVALID), (0.8, 0.1, 0.1))[0]
    if chance.random() < KILL_SHARE:
        return _kill(chance, upload)
    return _call_fault(chance, upload, catalogue)


def _kill(chance: random.Random, upload: str) -> Trial:
    target = chance.choice(sorted(KILL_WINDOW_SECONDS))
    name, nth = "*", 1
    if target == "lambda":
        name = chance.choice(FUNCTIONS)
    if target == "endpoint":
        nth = chance.randint(1, 2)
    after = round(chance.uniform(0.0, KILL_WINDOW_SECONDS[target]), 3)
    kill = {"target": target, "name": name, "nth": nth, "after_seconds": after}
    where = name if target == "lambda" else target
    return Trial(upload, "kill", where, {"kill": [kill]})


def _call_fault(chance: random.Random, upload: str, catalogue: Sequence[Mapping[str, Any]]) -> Trial:
    call = chance.choice(catalogue)
    fault = chance.choice(FAULTS)
    rule: dict[str, Any] = {
        "fault": fault,
        "service": call["service"],
        "operation": call["operation"],
        "principal": f"*{call['principal'].rpartition(':')[2]}*",
        "nth": chance.randint(1, call["count"]),
    }
    if fault == "timeout":
        rule["seconds"] = 0.2
    if chance.random() < OUTAGE_SHARE:
        rule["count"] = OUTAGE_CALLS
        fault = f"{fault} x {OUTAGE_CALLS}"
    return Trial(upload, fault, f"{call['service']}:{call['operation']}", {"rule": [rule]})
