"""Runs of the whole pipeline, each with one random fault, and what each of them came to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lambdas.uploads import Upload
from tests.chaos import datasets
from tests.chaos.choosing import GOOD, INVALID, SAME, Trial, choose
from tests.chaos.cloud import ChaosCloud, Ending
from tests.chaos.datasets import Line
from tests.chaos.invariants import Champion, settle, violations

EXECUTION_PATIENCE_SECONDS = 180.0
SETTLE_PATIENCE_SECONDS = 45.0
DESERVED = {GOOD: "Promoted", SAME: "ChallengerRejected", INVALID: "DatasetRejected"}
SURVIVED, REFUSED, LOST = "survived", "gave up cleanly", "lost"


@dataclass(frozen=True)
class Result:
    """One run. `verdict`: survived (the outcome that the upload deserves), gave up cleanly, or lost."""

    seed: int
    run: int
    upload: str
    fault: str
    where: str
    injected: int
    outcome: str
    verdict: str
    seconds: float
    problems: list[str]
    plan: Mapping[str, Any]


class ChaosRun:
    """One seed's runs on one cloud; a cloud in which something was lost is thrown away."""

    def __init__(self, start: Callable[[], ChaosCloud]) -> None:
        self._start = start
        self._cloud: ChaosCloud | None = None
        self._champion: Champion | None = None
        self._catalogue: Sequence[Mapping[str, Any]] = ()

    def __enter__(self) -> ChaosRun:
        return self

    def __exit__(self, *_: object) -> None:
        self._throw_away()

    def run(self, seed: int, run: int) -> Result:
        """Disturb one upload and look at what is left."""
        cloud = self._ready()
        trial = choose(seed, run, self._catalogue)
        number = 10 + run
        cloud.faults.put(trial.plan)
        upload = cloud.upload(f"seed-{seed}-run-{run}", self._content(trial, number))
        ending = self._wait(cloud, upload)
        injected = len(cloud.faults.report()["injected"])
        cloud.faults.put({})
        problems = settle(cloud, SETTLE_PATIENCE_SECONDS)
        if ending is None:
            problems.insert(0, f"the execution of {upload.key} did not end")
        else:
            self._note(ending, Line(number), problems)
        problems += violations(cloud, self._champion)
        result = self._result(seed, run, trial, injected, ending, problems)
        if problems:
            self._throw_away()
        return result

    def _ready(self) -> ChaosCloud:
        """A cloud with a champion, and the catalogue of calls that an undisturbed update makes."""
        if self._cloud is None:
            self._cloud = self._start()
            self._undisturbed(self._cloud, 1)
            self._cloud.faults.put({"observe": True})
            self._undisturbed(self._cloud, 2)
            calls = self._cloud.faults.report()["calls"]
            self._catalogue = [call for call in calls if ":user/" not in call["principal"]]
            self._cloud.faults.put({})
        return self._cloud

    def _undisturbed(self, cloud: ChaosCloud, number: int) -> None:
        upload = cloud.upload(f"undisturbed-{number}", datasets.good(number))
        ending = cloud.wait(upload, EXECUTION_PATIENCE_SECONDS)
        if ending is None or ending.outcome != "Promoted":
            raise RuntimeError(f"an undisturbed upload did not end Promoted: {ending}")
        self._champion = Champion(ending.output["training"]["job_name"], Line(number))
        problems = settle(cloud, SETTLE_PATIENCE_SECONDS) + violations(cloud, self._champion)
        if problems:
            raise RuntimeError(f"an undisturbed upload left: {'; '.join(problems)}")

    def _content(self, trial: Trial, number: int) -> bytes:
        if trial.upload == SAME:
            assert self._champion is not None
            return datasets.good(self._champion.line.number)
        return datasets.good(number) if trial.upload == GOOD else datasets.invalid(number)

    def _wait(self, cloud: ChaosCloud, upload: Upload) -> Ending | None:
        """The execution's end; dead letters are put back once the fault is over, as an operator does."""
        ending = cloud.wait(upload, EXECUTION_PATIENCE_SECONDS)
        if ending is None and cloud.waiting_messages("DeadLetterQueueUrl"):
            cloud.faults.put({})
            cloud.redrive()
            ending = cloud.wait(upload, EXECUTION_PATIENCE_SECONDS)
        return ending

    def _note(self, ending: Ending, line: Line, problems: list[str]) -> None:
        """Follow who must serve now."""
        if ending.outcome == "Promoted":
            self._champion = Champion(ending.output["training"]["job_name"], line)
        elif ending.status == "FAILED" and not ending.cause:
            problems.append(f"{ending.outcome} gives no reason")

    def _result(
        self, seed: int, run: int, trial: Trial, injected: int, ending: Ending | None, problems: list[str]
    ) -> Result:
        outcome = ending.outcome if ending else "none"
        verdict = SURVIVED if outcome == DESERVED[trial.upload] else REFUSED
        return Result(
            seed=seed,
            run=run,
            upload=trial.upload,
            fault=trial.fault,
            where=trial.where,
            injected=injected,
            outcome=outcome,
            verdict=LOST if problems else verdict,
            seconds=ending.seconds if ending else 0.0,
            problems=problems,
            plan=trial.plan,
        )

    def _throw_away(self) -> None:
        if self._cloud is not None:
            self._cloud.stop()
            self._cloud = None


class Journal:
    """The results of one revision, a JSON line each: an interrupted run goes on where it stopped."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def results(self) -> Iterator[dict[str, Any]]:
        if self._path.exists():
            yield from map(json.loads, self._path.read_text("utf-8").splitlines())

    def done(self, seed: int) -> set[int]:
        return {result["run"] for result in self.results() if result["seed"] == seed}

    def append(self, result: Result) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")
