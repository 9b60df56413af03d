"""What the preflight says of one thing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """RED stops a deployment or a run, YELLOW may, or could not be asked."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it stands, and what to do where it doesn't stand well."""

    check: str
    level: Level
    says: str
    way_on: str = ""

    def as_document(self) -> dict[str, str]:
        return asdict(self)


def green(check: str, says: str) -> Finding:
    return Finding(check, Level.GREEN, says)


def yellow(check: str, says: str, way_on: str) -> Finding:
    return Finding(check, Level.YELLOW, says, way_on)


def red(check: str, says: str, way_on: str) -> Finding:
    return Finding(check, Level.RED, says, way_on)


def worst(findings: Iterable[Finding]) -> Level:
    """GREEN where there is nothing."""
    levels = {finding.level for finding in findings}
    return next((level for level in (Level.RED, Level.YELLOW) if level in levels), Level.GREEN)
