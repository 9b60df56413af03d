"""Watches one upload's deployment under traffic, and breaks its model where the act wants it broken."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from localcloud.services.sagemaker.hosting.fleet.fault_client import FleetFaults
from operations.rehearsal.stage import Stage
from operations.rehearsal.timeline import Timeline
from operations.rehearsal.traffic import Traffic
from operations.rehearsal.uploads import Question

# What a broken model does under traffic: of its requests, this share ends in HTTP 500.
BROKEN_SHARE = 0.3
# Requests a second: enough to draw where they go, or to prove a model without crowding a busy machine.
SEEN_PER_SECOND, PROVING_PER_SECOND = 40.0, 15.0


class Rollout:
    """From the deployment's begin to the execution's end there is traffic, for a model that nobody asks is
    proved by nobody. With `faults` the model is broken first, and where the requests go is watched. Without
    a `champion`, the endpoint config that serves, there is no endpoint to ask."""

    def __init__(
        self, stage: Stage, questions: Sequence[Question], champion: str, faults: FleetFaults | None = None
    ) -> None:
        self._stage, self._questions, self._champion, self._faults = stage, questions, champion, faults
        self._open = contextlib.ExitStack()
        self.timeline: Timeline | None = None
        self.traffic: Traffic | None = None

    def on_state(self, name: str) -> None:
        """Hears of each state once, when it is entered."""
        if name == "EvaluateModel" and self._faults:
            self._faults.put({"error_share": BROKEN_SHARE}, endpoint_config=self._stage.newest_training_job())
        elif name == "DeployModel" and self._champion:
            if self._faults:
                self.timeline = self._stage.timeline(self._champion, self._stage.newest_training_job())
                self._open.enter_context(self.timeline)
            rate = SEEN_PER_SECOND if self._faults else PROVING_PER_SECOND
            self.traffic = self._stage.traffic(self._questions[0], rate)
            self._open.enter_context(self.traffic)

    def __enter__(self) -> Rollout:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._open.close()
        finally:
            if self._faults:
                self._faults.clear()
