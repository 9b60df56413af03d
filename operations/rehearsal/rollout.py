"""Watches one upload's deployment under traffic, and breaks its model where the act wants it broken."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from localcloud.services.sagemaker.hosting.fleet.fault_client import FleetFaults
from operations.rehearsal.batches import Batches
from operations.rehearsal.stage import Stage
from operations.rehearsal.timeline import Timeline
from operations.rehearsal.traffic import Traffic
from operations.rehearsal.uploads import Question

# What a broken model does under traffic: of its requests, this share ends in HTTP 500.
BROKEN_SHARE = 0.3
# Requests a second: enough to draw where they go, or to prove a model without crowding a busy machine.
SEEN_PER_SECOND, PROVING_PER_SECOND = 40.0, 15.0
# Batches take their time, and what is printed of them shall fit a screen.
ROLLING_SAMPLE_SECONDS = 1.5


class Rollout:
    """From the deployment's begin to the execution's end there is traffic, for a model that nobody asks is
    proved by nobody. With `faults` the model is broken first, and where the requests go is watched. Without
    a `champion`, the endpoint config that serves, there is no endpoint to ask. With `tell_batches` it is a
    rolling deployment, which is watched in any case and told batch by batch."""

    def __init__(
        self,
        stage: Stage,
        questions: Sequence[Question],
        champion: str,
        faults: FleetFaults | None = None,
        *,
        tell_batches: Callable[[str], None] | None = None,
    ) -> None:
        self._stage, self._questions, self._champion, self._faults = stage, questions, champion, faults
        self._tell_batches = tell_batches
        self._open = contextlib.ExitStack()
        self.timeline: Timeline | None = None
        self.traffic: Traffic | None = None
        self.batches: Batches | None = None

    def on_state(self, name: str) -> None:
        """Hears of each state once, when it is entered."""
        if name == "EvaluateModel" and self._faults:
            self._faults.put({"error_share": BROKEN_SHARE}, endpoint_config=self._stage.newest_training_job())
        elif name == "DeployModel" and self._champion:
            is_seen = bool(self._faults or self._tell_batches)
            if is_seen:
                self.timeline = self._stage.timeline(self._champion, self._stage.newest_training_job())
                if self._tell_batches:
                    self.timeline.sample_seconds = ROLLING_SAMPLE_SECONDS
                    self.batches = self._stage.batches(self._tell_batches)
                    self._open.enter_context(self.batches)
                self._open.enter_context(self.timeline)
            rate = SEEN_PER_SECOND if is_seen else PROVING_PER_SECOND
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
