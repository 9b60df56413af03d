"""`make audit`: what is known against the locked dependencies, where an index tells.

pip-audit asks PyPI for each version's advisories. A machine that cannot reach such a service is told that
nothing was audited, and goes on: a check that can't be made is no reason to stop work, and no proof either.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS_PER_REQUEST, SECONDS_PER_LOCK = 4, 120
# How pip-audit and the libraries below it word that nobody answered.
UNREACHABLE = (
    "ConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
    "ProxyError",
    "SSLError",
    "Max retries exceeded",
)
Run = Callable[[list[str]], "subprocess.CompletedProcess[str]"]


class AuditError(Exception):
    """pip-audit could not read a lock; the message is its own."""


@dataclass(frozen=True)
class Verdict:
    """What to print about one lock, whether something is known against it, and whether anybody was asked."""

    lines: tuple[str, ...]
    vulnerable: bool = False
    skipped: bool = False


def command(lock: str) -> list[str]:
    """pip-audit over the lock as it is: nothing is resolved or installed."""
    tool = str(Path(sys.executable).with_name("pip-audit"))
    quick = ["--timeout", str(SECONDS_PER_REQUEST), "--progress-spinner", "off", "--format", "json"]
    return [tool, "--disable-pip", "--require-hashes", *quick, "--requirement", lock]


def audit(lock: str, run: Run) -> Verdict:
    """Raises AuditError where the lock itself is at fault."""
    try:
        answer = run(command(lock))
    except subprocess.TimeoutExpired:
        return _skipped(lock, f"no answer within {SECONDS_PER_LOCK} s")
    try:
        found: list[dict[str, Any]] = json.loads(answer.stdout)["dependencies"]
    except (ValueError, KeyError):
        if any(word in answer.stderr for word in UNREACHABLE):
            return _skipped(lock, "cannot reach a service that knows advisories")
        raise AuditError(f"pip-audit: {lock}: {answer.stderr.strip()[-500:]}") from None
    return _judged(lock, found)


def _skipped(lock: str, reason: str) -> Verdict:
    return Verdict((f"pip-audit: {lock}: skipped: {reason}",), skipped=True)


def _judged(lock: str, dependencies: Sequence[dict[str, Any]]) -> Verdict:
    audited = [d for d in dependencies if "vulns" in d]
    if not audited:
        return _skipped(lock, "this machine's index has no advisories for any of its dependencies")
    lines = [
        f"pip-audit: {lock}: {dependency['name']} {dependency['version']}: {advisory['id']}, "
        f"fixed in {', '.join(advisory['fix_versions']) or 'no version yet'}"
        for dependency in audited
        for advisory in dependency["vulns"]
    ]
    unknown = len(dependencies) - len(audited)
    rest = f", {unknown} unknown to the index" if unknown else ""
    summary = f"pip-audit: {lock}: {len(audited)} dependencies, {len(lines)} advisories{rest}"
    return Verdict((*lines, summary), vulnerable=bool(lines))


def audit_all(locks: Sequence[str], run: Run) -> bool:
    """Whether nothing is known against any lock. The shortest goes first: if nobody answers, why ask on."""
    sound = True
    for lock in sorted(locks, key=lambda name: Path(name).stat().st_size):
        verdict = audit(lock, run)
        print("\n".join(verdict.lines), flush=True)
        sound &= not verdict.vulnerable
        if verdict.skipped:
            print("pip-audit: the locks were not audited on this machine")
            break
    return sound


def _run(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=SECONDS_PER_LOCK)


def main(locks: Sequence[str]) -> None:
    sys.exit(not audit_all(locks, _run))


if __name__ == "__main__":
    main(sys.argv[1:])
