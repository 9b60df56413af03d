"""What shall go wrong, when and for whom: the faults file as frozen values."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from localcloud.faults.reading import PlanError, Reader

FAULTS = ("throttle", "error", "timeout", "twice", "lost", "stale")
TARGETS = ("lambda", "training", "endpoint")
MAX_SECONDS = 3600.0


@dataclass(frozen=True)
class Call:
    """One call to a service: its IAM prefix, its IAM action, and the caller's ARN."""

    service: str
    operation: str
    principal: str


@dataclass(frozen=True)
class When:
    """Which of the matching moments are struck: from the nth on, or each with a probability."""

    nth: int
    count: int | None
    probability: float | None

    @classmethod
    def read(cls, table: Reader) -> When:
        if table.has("nth") and table.has("probability"):
            raise table.fail("nth", "nth and probability exclude each other")
        probability = table.number("probability", 0.0, 1.0, None)
        nth = table.integer("nth", 1, 1) or 1
        count = table.integer("count", 1, 1 if probability is None else None)
        return cls(nth, count, probability)


@dataclass(frozen=True)
class Rule:
    """Calls that suffer a fault."""

    fault: str
    service: str
    operation: str
    principal: str | None
    when: When
    seconds: float

    def matches(self, call: Call, *, administrator: bool) -> bool:
        if self.principal is None and administrator:
            return False
        return (
            fnmatchcase(call.service, self.service)
            and fnmatchcase(call.operation, self.operation)
            and fnmatchcase(call.principal, self.principal or "*")
        )

    @classmethod
    def read(cls, table: Reader) -> Rule:
        rule = cls(
            fault=table.choice("fault", FAULTS),
            service=table.text("service", "*") or "*",
            operation=table.text("operation", "*") or "*",
            principal=table.text("principal", None),
            when=When.read(table),
            seconds=table.number("seconds", 0.0, MAX_SECONDS, 0.5) or 0.0,
        )
        table.finish()
        return rule


@dataclass(frozen=True)
class Kill:
    """Processes that die."""

    target: str
    name: str
    when: When
    after_seconds: tuple[float, float]

    def matches(self, target: str, name: str) -> bool:
        return self.target == target and fnmatchcase(name, self.name)

    @classmethod
    def read(cls, table: Reader) -> Kill:
        kill = cls(
            target=table.choice("target", TARGETS),
            name=table.text("name", "*") or "*",
            when=When.read(table),
            after_seconds=table.span("after_seconds", MAX_SECONDS, 0.0),
        )
        table.finish()
        return kill


@dataclass(frozen=True)
class Plan:
    """Every fault to inject; `document` is what it was read from."""

    seed: int = 0
    rules: tuple[Rule, ...] = ()
    kills: tuple[Kill, ...] = ()
    observe: bool = False
    document: Any = None

    @property
    def looks_at_calls(self) -> bool:
        return bool(self.rules) or self.observe

    @classmethod
    def from_document(cls, document: Any, where: str) -> Plan:
        """Raises PlanError that names the key in `where`."""
        table = Reader(document, where)
        plan = cls(
            seed=table.integer("seed", 0, 0) or 0,
            rules=tuple(map(Rule.read, table.tables("rule"))),
            kills=tuple(map(Kill.read, table.tables("kill"))),
            observe=table.flag("observe"),
            document=document,
        )
        table.finish()
        return plan

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Read a .toml or .json file; raises PlanError."""
        try:
            text = path.read_text("utf-8")
            document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        except OSError as error:
            raise PlanError(f"{path}: cannot be read ({error.strerror})") from None
        except ValueError as error:
            kind = "JSON" if path.suffix == ".json" else "TOML"
            raise PlanError(f"{path}: is not {kind}: {error}") from None
        return cls.from_document(document, str(path))
