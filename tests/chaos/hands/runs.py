"""Runs with one hand each, and what each of them came to."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from lambdas.uploads import Upload
from tests.chaos import datasets
from tests.chaos.cloud import NAMES, ChaosCloud, Ending
from tests.chaos.datasets import Line
from tests.chaos.hands.catalogue import HANDS, Hand, Scene, is_told
from tests.chaos.invariants import Champion, settle, violations
from tests.chaos.runs import LOST, REFUSED, SURVIVED

EXECUTION_PATIENCE_SECONDS = 240.0
SETTLE_PATIENCE_SECONDS = 60.0
DELAY_SECONDS = 1.0
POLL_SECONDS = 0.2
FIRST = 1


@dataclass(frozen=True)
class Result:
    """One run. `verdict`: survived (the upload was promoted), gave up cleanly, or lost."""

    seed: int
    run: int
    hand: str
    moment: str
    struck: bool
    outcome: str
    verdict: str
    seconds: float
    problems: list[str]


@dataclass
class Reach:
    """A hand that waits for its moment: the state that it waits for, and how long it waits from there."""

    hand: Hand
    state: str
    delay_seconds: float
    struck: bool = False
    checks_before: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def wait_and_act(self, scene: Scene, arn: str) -> None:
        """Acts once, unless the execution is over before."""
        while self.state not in entered(scene.cloud, arn):
            if self.over.wait(POLL_SECONDS):
                return
        if self.over.wait(self.delay_seconds):
            return
        try:
            self.struck = self.hand.act(scene)
        except ClientError:  # AWS refuses it at this moment, or there is nothing of the kind
            self.struck = False
        self.checks_before = entered(scene.cloud, arn).count("CheckDeployment")


def choose(seed: int, run: int) -> Reach:
    """Every hand comes equally often; state and delay by chance."""
    chance = random.Random(f"{seed}/{run}")
    hand = HANDS[(run + seed) % len(HANDS)]
    return Reach(hand, chance.choice(hand.moments), round(chance.uniform(0.0, DELAY_SECONDS), 3))


def entered(cloud: ChaosCloud, arn: str) -> list[str]:
    """The states that an execution entered so far; none where it has not begun."""
    states = cloud.client("stepfunctions")
    try:
        pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
        events = [event for page in pages for event in page["events"]]
    except states.exceptions.ExecutionDoesNotExist:
        return []
    found = (event.get("stateEnteredEventDetails") for event in events)
    return [details["name"] for details in found if details]


def job_of(upload: Upload) -> str:
    """The training job of an upload's execution, as the state machine names it."""
    digest = hashlib.sha256(f"{upload.execution_name}/0".encode()).hexdigest()
    return f"{NAMES.prefix}-{digest[:16]}"


class HandRun:
    """One seed's runs on one cloud; one that was spoilt, or in which something was lost, is thrown away."""

    def __init__(self, start: Callable[[], ChaosCloud]) -> None:
        self._start = start
        self._cloud: ChaosCloud | None = None
        self._champion = Champion("", Line(FIRST))

    def __enter__(self) -> HandRun:
        return self

    def __exit__(self, *_: object) -> None:
        self._throw_away()

    def run(self, seed: int, run: int) -> Result:
        cloud, reach, number = self._ready(), choose(seed, run), 10 + run
        began = time.monotonic()
        upload = cloud.upload(f"hand-{seed}-{run}", datasets.good(number))
        scene, arn = Scene(cloud, self._champion.training_job, job_of(upload)), cloud.execution_arn(upload)
        reaching = threading.Thread(target=reach.wait_and_act, args=(scene, arn))
        reaching.start()
        ending = cloud.wait(upload, EXECUTION_PATIENCE_SECONDS)
        reach.over.set()
        reaching.join()
        problems = settle(cloud, SETTLE_PATIENCE_SECONDS)
        problems = problems + (self._judged(reach, ending, number, arn) if ending else ["it did not end"])
        outcome = ending.outcome if ending else "none"
        verdict = LOST if problems else SURVIVED if outcome == "Promoted" else REFUSED
        self._after(reach.hand, is_lost=bool(problems))
        seconds = round(time.monotonic() - began, 2)
        return Result(
            seed, run, reach.hand.name, reach.state, reach.struck, outcome, verdict, seconds, problems
        )

    def _judged(self, reach: Reach, ending: Ending, number: int, arn: str) -> list[str]:
        """What is not as it must be; what the hand itself left counts only if nobody is told of it."""
        cloud, hand, problems = self._ready(), reach.hand, []
        states = entered(cloud, arn)
        if ending.outcome == "Promoted":
            self._champion = Champion(ending.output["training"]["job_name"], Line(number))
            if reach.struck and hand.guards and states.count("CheckDeployment") > reach.checks_before:
                problems.append("promoted, though nobody watched")
        elif not reach.struck:
            problems.append(f"no hand was laid on it, and it ended {ending.outcome}: {ending.cause}")
        elif ending.status == "FAILED" and not (ending.cause and "NotifyOperators" in states):
            problems.append(f"{ending.outcome} gives no reason, or nobody was told")
        for problem in self._violations(cloud):
            is_its_own = reach.struck and any(part in problem for part in hand.leaves)
            if not is_its_own or ("endpoint is gone" in problem and not is_told(cloud)):
                problems.append(problem)
        return problems

    def _violations(self, cloud: ChaosCloud) -> list[str]:
        try:
            return violations(cloud, self._champion)
        except ClientError as error:
            return [f"the endpoint does not answer: {error}"]

    def _after(self, hand: Hand, *, is_lost: bool) -> None:
        if is_lost or hand.spoils:
            self._throw_away()
        elif hand.mend and self._cloud and self._cloud.endpoint():
            hand.mend(self._cloud)
            settle(self._cloud, SETTLE_PATIENCE_SECONDS)

    def _ready(self) -> ChaosCloud:
        if self._cloud is None:
            self._cloud = self._start()
            ending = self._cloud.wait(
                self._cloud.upload("first", datasets.good(FIRST)), EXECUTION_PATIENCE_SECONDS
            )
            if ending is None or ending.outcome != "Promoted":
                raise RuntimeError(f"an undisturbed upload did not end Promoted: {ending}")
            self._champion = Champion(ending.output["training"]["job_name"], Line(FIRST))
            settle(self._cloud, SETTLE_PATIENCE_SECONDS)
        return self._cloud

    def _throw_away(self) -> None:
        if self._cloud is not None:
            self._cloud.stop()
            self._cloud = None
