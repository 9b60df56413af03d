"""What the scenarios and the runs came to, kept in build/chaos and told in docs/reliability.md."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lambdas.deployments import lease
from lambdas.deployments.lease import Lease
from tests.chaos.choosing import OUTAGE_CALLS
from tests.chaos.hands import report as hands
from tests.chaos.project import BUILD, ROOT
from tests.unit.lambdas.lease_model import Execution, World, explore

RUNS = BUILD / "runs.jsonl"
SCENARIOS = BUILD / "scenarios.jsonl"
DOCUMENT = ROOT / "docs" / "reliability.md"
STRUCK = "struck"
VERDICTS = ("survived", "gave up cleanly", "lost")
_HEAD = """\
# Reliability

`make chaos` wrote the tables: it breaks the pipeline on the embedded cloud in as many ways as it knows, and
looks at what is left. The clients, the state machine, the functions, the jobs and the endpoint are the real
ones.
"""
_RUNS = f"""\
## One random fault per upload

Each run uploads a file and disturbs one call, or kills one process, at a moment that its seed chooses;
`x {OUTAGE_CALLS}` goes on for so many calls, more than a client tries. *Struck*: the moment came; a rejected
file, say, never gets as far as the endpoint. *Survived*: the upload came to the
outcome that it deserves. *Gave up cleanly*: the execution failed with a named error and a reason. After
either, the right champion served (endpoint config, approved package, MLflow's alias and the answer to a
request agree), no package was double or undecided, the lease was free, no job ran, and no config, model,
alarm or process was left over. *Lost*: anything else.
"""
# From here on the page is written by hand.
_BY_HAND = "## What these seeds found"
_SCENARIOS = """\
## Scenarios

| scenario | tried | survived | outcomes |
|---|---:|---:|---|
"""
_AGAIN = """\
## Again

`make chaos SEEDS="1 2 3" RUNS=200` goes on where it was interrupted (`build/chaos`). A run that lost anything
prints the command that repeats it alone: `python -m tests.chaos --seeds SEED --run RUN`.
"""


def record(scenario: str, *, tried: int, survived: int, **outcomes: int) -> None:
    """Note a scenario's figures; the latest for its name count."""
    SCENARIOS.parent.mkdir(parents=True, exist_ok=True)
    line = {"scenario": scenario, "tried": tried, "survived": survived, "outcomes": outcomes}
    with SCENARIOS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def write() -> None:
    """The page, from everything that was noted."""
    runs = list(_lines(RUNS))
    parts = [_HEAD, _RUNS, _seeds(runs), _table("fault", runs, lambda run: run["fault"])]
    parts += [_table("where", runs, lambda run: run["where"].replace("*-", "function "))]
    parts += [hands.section()] if hands.section() else []
    parts += [_SCENARIOS + "\n".join(_scenario_rows()), _lease(), _AGAIN, _by_hand()]
    DOCUMENT.write_text("\n".join(part.rstrip("\n") + "\n" for part in parts), encoding="utf-8")


def _by_hand() -> str:
    """What people wrote below the tables of these runs; it stays."""
    _, heading, rest = DOCUMENT.read_text(encoding="utf-8").partition(_BY_HAND)
    return heading + rest


def _seeds(runs: list[dict[str, Any]]) -> str:
    counts = Counter(run["seed"] for run in runs)
    told = ", ".join(f"{seed} ({count} runs)" for seed, count in sorted(counts.items()))
    outcomes = ", ".join(
        f"{name} {count}" for name, count in Counter(r["outcome"] for r in runs).most_common()
    )
    return f"Seeds: {told}. How the executions ended: {outcomes}."


def _table(title: str, runs: list[dict[str, Any]], group: Callable[[Mapping[str, Any]], str]) -> str:
    counts: dict[str, Counter[str]] = {}
    for run in runs:
        counts.setdefault(group(run), Counter()).update(
            (run["verdict"], *([STRUCK] if run["injected"] else []))
        )
    rows = [f"| {title} | tried | {STRUCK} | {' | '.join(VERDICTS)} |", "|---|---:|---:|---:|---:|---:|"]
    rows += [_row(name, counts[name]) for name in sorted(counts)]
    return "\n".join([*rows, _row("**all**", sum(counts.values(), Counter()))])


def _row(name: str, counts: Counter[str]) -> str:
    tried = sum(counts[verdict] for verdict in VERDICTS)
    shown = " | ".join(str(counts[column]) for column in (STRUCK, *VERDICTS))
    return f"| {name} | {tried} | {shown} |"


def _scenario_rows() -> Iterable[str]:
    latest = {line["scenario"]: line for line in _lines(SCENARIOS)}
    for name, line in sorted(latest.items()):
        outcomes = ", ".join(f"{key} {value}" for key, value in line["outcomes"].items())
        yield f"| {name} | {line['tried']} | {line['survived']} | {outcomes} |"


def _lease() -> str:
    first = World(Lease(), 0, (Execution("older", "1"), Execution("newer", "2")))
    worlds = sum(1 for _ in explore(first, lease.HOLD_SECONDS))
    return f"""\
## The lease

Every interleaving of two executions that want the endpoint (reads, writes, pauses, expiry, functions that die
and are tried again, executions that die for good) makes {worlds:,} situations on the product's own decisions.
In none of them do two stand before their UpdateEndpoint at once, and in none does a stale token deploy
(`tests/unit/lambdas/test_lease_model.py`)."""


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        yield from map(json.loads, path.read_text("utf-8").splitlines())


if __name__ == "__main__":
    write()
