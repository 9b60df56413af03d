"""`make mutation`: breaks the product's Python in seeded ways and counts what the unit tests notice.

Started again it goes on: what is known of a mistake is kept in build/mutation/results.jsonl under a name that
the mistake keeps while its function keeps that code. Survivors are tried again after a change of the tests
with --again.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.programs.mutation import contexts, operators, sample, trees
from tests.programs.mutation.contexts import Contexts
from tests.programs.mutation.equivalent import EQUIVALENT
from tests.programs.mutation.figure import Tried, embed, page
from tests.programs.mutation.operators import Mutant
from tests.programs.mutation.processes import Processes, Question

PROJECT = Path(__file__).resolve().parents[3]
PLACE = PROJECT / "build/mutation"
RESULTS = PLACE / "results.jsonl"
DOCUMENT = PROJECT / "docs/testing.md"
# The rooms whose tests run the code that is broken.
_ROOMS = ("cases", "contracts", "inference", "lambdas", "scoring", "step_functions", "training_jobs")
TESTS = [f"tests/unit/{room}" for room in _ROOMS]
# A test that covers a line is asked as long as all asked before it took less than this; what is left out can
# only leave a mistake unnoticed.
_BUDGET_SECONDS = 40.0
_CONTROL_EVERY = 20


@dataclass
class Log:
    """What is known: mutant → outcome, and the controls. Each line is written at once."""

    file: Path
    outcomes: dict[str, str] = field(default_factory=dict)
    controls: list[bool] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def read(cls, file: Path) -> Log:
        log = cls(file)
        for line in file.read_text().splitlines() if file.exists() else ():
            log._take(json.loads(line))
        return log

    def add(self, name: str, answer: str) -> None:
        outcome, _, test = answer.partition(" ")
        found = {"name": name, "outcome": outcome, "test": test}
        with self.lock, self.file.open("a") as out:
            out.write(json.dumps(found) + "\n")
            self._take(found)

    def _take(self, found: Mapping[str, str]) -> None:
        if found["name"] == "control":
            self.controls.append(found["outcome"] == "survived")
        else:
            self.outcomes[found["name"]] = found["outcome"]


def within(tests: Sequence[str], seconds: Mapping[str, float], budget: float = _BUDGET_SECONDS) -> list[str]:
    """The first tests that together take no longer than the budget; at least one."""
    chosen: list[str] = []
    spent = 0.0
    for test in tests:
        spent += seconds[test]
        if chosen and spent > budget:
            break
        chosen.append(test)
    return chosen


def try_one(processes: Processes, mutant: Mutant, known: Contexts, log: Log, number: int) -> None:
    source = (processes.tree / mutant.path).read_text(encoding="utf-8")
    lines = operators.statement_of(source, mutant.line)
    tests = within(known.tests_of(mutant.path, lines), known.seconds)
    if not tests:
        log.add(mutant.name, "uncovered")
        return
    at_import = "" in known.contexts_of(mutant.path, lines)

    def ask(broken: str) -> str:
        with trees.broken(processes.tree, mutant.path, broken):
            return processes.ask(Question(mutant.path, source, broken, tests, at_import), known.seconds)

    log.add(mutant.name, ask(operators.mutated(source, mutant.place)))
    if number % _CONTROL_EVERY == 0:
        control = ask(operators.unchanged(source))
        log.add("control", control)
        if control != "survived":
            print(f"{mutant.path}: tests fail without a mistake ({control}): {tests[:5]} ...", flush=True)
        if not any(log.controls):
            raise RuntimeError("no control passes: what counts as noticed is no mistake's doing")


def work(
    waiting: queue.SimpleQueue[tuple[int, Mutant]], tree: Path, known: Contexts, log: Log, ends: float
) -> None:
    with Processes(tree, TESTS) as processes:
        while time.monotonic() < ends:
            try:
                number, mutant = waiting.get_nowait()
            except queue.Empty:
                return
            try_one(processes, mutant, known, log, number)


def learn(workers: int, *, fresh: bool, again: bool) -> tuple[Contexts, list[Path]]:
    """Copies of the project, and which test runs what in them.

    They are kept until a fresh copy is asked for: breaking the same code again takes no other run of all
    tests. When survivors are tried again, tests that changed meanwhile are brought in, and run once.
    """
    snapshot, learned = PLACE / "tree-0", PLACE / "coverage"
    if fresh or not (PLACE / "learned").exists():
        (PLACE / "learned").unlink(missing_ok=True)
        shutil.rmtree(learned, ignore_errors=True)
        trees.copy(PROJECT, snapshot)
        trees.run_with_coverage(snapshot, learned / "all", TESTS, workers)
        (PLACE / "learned").touch()
    elif again and (changed := trees.renew_tests(PROJECT, snapshot)):
        number = len(list(learned.iterdir()))
        trees.run_with_coverage(snapshot, learned / f"later-{number}", changed, workers)
    trees.renew_programs(PROJECT, snapshot)
    places = [PLACE / f"tree-{number}" for number in range(1, workers + 1)]
    for place in places:  # what was killed may have left one broken
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(snapshot, place, symlinks=True)
    return contexts.read(learned, snapshot), places


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutation", description=__doc__)
    parser.add_argument("--mutants", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--minutes", type=float, default=55.0, help="stop then; started again it goes on")
    parser.add_argument("--workers", type=int, default=min(os.cpu_count() or 1, 4))
    parser.add_argument("--again", action="store_true", help="try the survivors once more")
    parser.add_argument("--fresh", action="store_true", help="copy the project and learn its tests once more")
    parser.add_argument("--write", action="store_true", help="write the figure into docs/testing.md")
    parser.add_argument("--only-write", action="store_true", help="write what is known, try nothing")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    ends = time.monotonic() + 60 * asked.minutes
    snapshot = PLACE / "tree-0" if (PLACE / "learned").exists() and not asked.fresh else PROJECT
    every = sample.population(snapshot, trees.tracked(PROJECT))
    drawn = sample.draw(every, asked.mutants, asked.seed)
    PLACE.mkdir(parents=True, exist_ok=True)
    log = Log.read(RESULTS)
    again = {"survived", "uncovered"} if asked.again else set()
    left = [m for m in drawn if log.outcomes.get(m.name, "") in {"", *again}]
    if left and not asked.only_write:
        known, places = learn(asked.workers, fresh=asked.fresh, again=asked.again)
        every = sample.population(PLACE / "tree-0", trees.tracked(PROJECT))
        drawn = sample.draw(every, asked.mutants, asked.seed)
        left = [m for m in drawn if log.outcomes.get(m.name, "") in {"", *again}]
        waiting: queue.SimpleQueue[tuple[int, Mutant]] = queue.SimpleQueue()
        for number, mutant in enumerate(left):
            waiting.put((number, mutant))
        threads = [threading.Thread(target=work, args=(waiting, place, known, log, ends)) for place in places]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    tried = [Tried(mutant, log.outcomes[mutant.name]) for mutant in drawn if mutant.name in log.outcomes]
    told = (
        f"`make mutation`, seed {asked.seed}: {len(tried)} of the sample's {len(drawn)} mistakes were tried"
        f"{'' if len(tried) == len(drawn) else ' so far: no figure to rely on'}."
    )
    controls = (sum(log.controls), len(log.controls))
    made = page(tried, sum(map(len, every.values())), EQUIVALENT, controls, told)
    print(made)
    if asked.write or asked.only_write:
        DOCUMENT.write_text(embed(DOCUMENT.read_text(), made))


if __name__ == "__main__":
    main()
