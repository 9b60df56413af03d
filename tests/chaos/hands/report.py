"""The table of hands in docs/reliability.md: what was tried, and what each came to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from tests.chaos.hands.runs import Result
from tests.chaos.project import BUILD, ROOT
from tests.chaos.runs import LOST, REFUSED, SURVIVED

HANDS = BUILD / "hands.jsonl"
DOCUMENT = ROOT / "docs" / "reliability.md"
HEADING = "## A hand in the account"
_BEFORE = "## Scenarios"
_TEXT = f"""\
{HEADING}

`python -m tests.chaos.hands --seeds 1 2 --runs 200` wrote this, and goes on where it was cut off. In each run
somebody who may do so changes one thing by AWS's own interfaces while a good upload is on its way, at a state
and after a delay that the seed chooses. *Struck*: there was something to lay a hand on, and AWS let it.
*Survived*: the upload took over. *Gave up cleanly*: it ended with a named error and a reason of which
operators were told, or as rejected. After either, the right champion served, or the standing check told of an
endpoint that was gone; no model was promoted by a deployment that nobody watched; and of what the invariants
above ask only the hand's own doing was missing. *Lost*: anything else.
"""


def append(result: Result) -> None:
    HANDS.parent.mkdir(parents=True, exist_ok=True)
    with HANDS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(result)) + "\n")


def results() -> Iterator[dict[str, Any]]:
    if HANDS.exists():
        yield from map(json.loads, HANDS.read_text("utf-8").splitlines())


def section() -> str:
    """The section as these runs give it, or as it stands in the document where there were none."""
    runs = list(results())
    if not runs:
        return _standing(DOCUMENT.read_text(encoding="utf-8"))
    seeds = Counter(run["seed"] for run in runs)
    told = ", ".join(f"{seed} ({count} runs)" for seed, count in sorted(seeds.items()))
    outcomes = Counter(run["outcome"] for run in runs).most_common()
    ended = ", ".join(f"{name} {count}" for name, count in outcomes)
    lines = (_TEXT, f"Seeds: {told}. How the executions ended: {ended}.", "", _table(runs), *_idle(runs))
    return "\n".join(lines)


def _idle(runs: list[dict[str, Any]]) -> list[str]:
    """A hand that was never laid on anything has proved nothing."""
    idle = {run["hand"] for run in runs} - {run["hand"] for run in runs if run["struck"]}
    return ["", f"Never struck in these runs, and so not proved by them: {', '.join(sorted(idle))}."] * bool(
        idle
    )


def write() -> None:
    """Put the section into the document, in place of the one that is there."""
    text = DOCUMENT.read_text(encoding="utf-8")
    new, old = section().rstrip("\n") + "\n\n", _standing(text)
    rest = text.replace(old, "", 1) if old else text
    DOCUMENT.write_text(rest.replace(_BEFORE, new + _BEFORE, 1), encoding="utf-8")


def _standing(text: str) -> str:
    begin = text.find(HEADING)
    return text[begin : text.index("\n## ", begin) + 1] if begin >= 0 else ""


def _table(runs: list[dict[str, Any]]) -> str:
    counts: dict[str, Counter[str]] = {}
    for run in runs:
        counts.setdefault(run["hand"], Counter()).update((run["verdict"], *(("struck",) * run["struck"])))
    rows = [
        "| the hand | tried | struck | survived | gave up cleanly | lost |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    rows += [_row(name, counts[name]) for name in sorted(counts)]
    return "\n".join([*rows, _row("**all**", sum(counts.values(), Counter()))])


def _row(name: str, counts: Mapping[str, int]) -> str:
    verdicts = [counts[verdict] for verdict in (SURVIVED, REFUSED, LOST)]
    return f"| {name} | {sum(verdicts)} | {counts['struck']} | {' | '.join(map(str, verdicts))} |"
