"""Decides which call and which process is struck, and keeps the record of it."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from localcloud.faults.plan import Call, Kill, Plan, Rule, When

_ADMINISTRATOR_SUFFIX = ":user/administrator"


class Injector:
    """One plan at a time; the same plan and the same calls give the same faults."""

    def __init__(self, plan: Plan, journal: Path) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self.replace(plan)

    def replace(self, plan: Plan) -> None:
        """Follow another plan from now on, with every count at zero."""
        with self._lock:
            self.plan = plan
            self._seen: Counter[str] = Counter()
            self._struck: Counter[str] = Counter()
            self._random = {
                key: random.Random(f"{plan.seed}/{key}")  # noqa: S311 - repeatable on purpose
                for key in [*_keys("rule", plan.rules), *_keys("kill", plan.kills)]
            }
            self._calls: Counter[tuple[str, str, str]] = Counter()
            self._injected: list[dict[str, Any]] = []

    @property
    def looks_at_calls(self) -> bool:
        return self.plan.looks_at_calls

    def strike(self, call: Call) -> Rule | None:
        """The rule that this call suffers, or None; counts the call for every rule that it matches."""
        administrator = call.principal.endswith(_ADMINISTRATOR_SUFFIX)
        with self._lock:
            if self.plan.observe:
                self._calls[call.service, call.operation, _role(call.principal)] += 1
            due = [
                (index, rule)
                for index, rule in enumerate(self.plan.rules)
                if rule.matches(call, administrator=administrator) and self._due(f"rule {index}", rule.when)
            ]
            if not due:
                return None
            index, rule = due[0]
            self._record(f"rule {index}", rule.fault, f"{call.service}:{call.operation}", call.principal)
            return rule

    def doom(self, target: str, name: str) -> list[float]:
        """After how many seconds this process (or the function's process) is to die; usually never."""
        delays: list[float] = []
        with self._lock:
            for index, kill in enumerate(self.plan.kills):
                if kill.matches(target, name) and self._due(f"kill {index}", kill.when):
                    delays.append(self._delay(f"kill {index}", kill))
                    self._record(f"kill {index}", "kill", f"{target}:{name}", None, seconds=delays[-1])
        return delays

    def report(self) -> dict[str, Any]:
        """The plan, what was injected since it is followed, and the calls that were observed."""
        with self._lock:
            calls = [
                {"service": service, "operation": operation, "principal": principal, "count": count}
                for (service, operation, principal), count in sorted(self._calls.items())
            ]
            return {"plan": self.plan.document or {}, "injected": list(self._injected), "calls": calls}

    def _due(self, key: str, when: When) -> bool:
        self._seen[key] += 1
        if when.count is not None and self._struck[key] >= when.count:
            return False
        if when.probability is None:
            due = self._seen[key] >= when.nth
        else:
            due = self._random[key].random() < when.probability
        self._struck[key] += due
        return due

    def _delay(self, key: str, kill: Kill) -> float:
        first, last = kill.after_seconds
        return first + (last - first) * self._random[key].random()

    def _record(self, key: str, fault: str, what: str, principal: str | None, **more: Any) -> None:
        line = {"at": time.time(), "by": key, "fault": fault, "what": what, "principal": principal, **more}
        line["occurrence"] = self._seen[key]
        self._injected.append(line)
        self._journal.parent.mkdir(parents=True, exist_ok=True)
        with self._journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _keys(kind: str, items: Sequence[object]) -> list[str]:
    return [f"{kind} {index}" for index in range(len(items))]


def _role(principal: str) -> str:
    """The principal without what changes from call to call: a role session's name."""
    parts = principal.split("/")
    return "/".join(parts[:2]) if ":assumed-role/" in principal else principal
