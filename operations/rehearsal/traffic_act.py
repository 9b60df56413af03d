"""`ACTS=traffic`: a fleet that is replaced batch by batch under traffic, forth and back, and a file of rows.

It plays in a cloud of its own kind, with a copy of pipeline.toml in which dev rolls and answers whole files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from contracts.pipeline_config import FILE_NAME, PipelineConfig
from localcloud.services.sagemaker.hosting.fleet.fault_client import FleetFaults
from operations.rehearsal import changed_project, whole_file
from operations.rehearsal.acts import Run, Story
from operations.rehearsal.display import table
from operations.rehearsal.rolling_config import FLEET_INSTANCES, rolling
from operations.rehearsal.rollout import Rollout
from operations.rehearsal.sampling import first_rows
from operations.rehearsal.table_file import TableFile
from operations.rehearsal.watch import RehearsalError

NOT_BUILT = (
    "[bold]Not built[/bold], and so not shown: a shadow that gets a copy of the traffic, and experiments "
    "that are judged by what came true. docs/how-to/traffic.md says what to do instead. Built and not shown: "
    "fleets that scale themselves."
)


@contextmanager
def assembly() -> Iterator[Path]:
    """A cdk.out of the project whose dev rolls and answers files; raises RehearsalError or SynthError."""
    with changed_project.assembly(rolling(Path(FILE_NAME).read_text(encoding="utf-8"))) as out:
        yield out


class TrafficStory(Story):
    """The first model, a better one by rolling, a broken one and back, and a file by batch."""

    def play(self, faults: FleetFaults) -> None:
        """All acts, as far as the data carry them; raises RehearsalError where something fails."""
        if self.first_champion():
            self.better_model_rolls_out()
            self.broken_model_rolls_back(faults)
            self.file_by_batch()
        self._display.console.print()
        self._display.console.print(NOT_BUILT)

    def better_model_rolls_out(self) -> None:
        """Act two: more rows make a better model, which goes out instance by instance; nothing is lost."""
        self._display.act(f"Act two: a better model replaces {FLEET_INSTANCES} instances, one by one")
        for label, content in (("more data", self._middle()), ("all data", self._source.content)):
            if self._promoted(label, content):
                self._lost_nothing(self._runs[-1])
                return
        self._note("More rows make no better model, so no instance is replaced")

    def broken_model_rolls_back(self, faults: FleetFaults) -> None:
        """Act three: a better model that fails under traffic is taken back, and no old instance failed."""
        self._display.act("Act three: the next model fails on some requests and is rolled back")
        if self._broken_is_taken_back(faults, "all data, broken model"):
            run = self._runs[-1]
            if run.timeline and (failed := run.timeline.failed("blue")):
                raise RehearsalError(f"{failed} requests failed on the old instances, which are whole")

    def file_by_batch(self) -> None:
        """Act four: a file is answered without the endpoint, and as the endpoint would."""
        self._display.act("Act four: a whole file is answered, without the endpoint")
        contract, rows = self._config().dataset, self._table()
        features = [column.name for column in contract.feature_columns]
        content = whole_file.content_of(rows, contract)
        found = whole_file.answer(self._stage, content, features, self._display)
        self._runs[-1].batch = asdict(found)
        self._display.step(
            f"[green]{found.predicted_rows:,} of {found.rows:,} rows answered[/green], "
            f"{found.rejected_rows:,} rejected, in {found.seconds:.0f} s with all that is around the job"
        )
        self._display.step(
            f"[green]{found.compared_rows:,} of them asked of the endpoint: "
            "the same answers, bit for bit[/green]"
        )
        told = [(name.replace("_", " "), _figure(value)) for name, value in asdict(found).items()]
        self._display.console.print()
        self._display.console.print(table("The file", ("", "what"), told))

    def _rollout(self, before: str, faults: FleetFaults | None) -> Rollout:
        return Rollout(self._stage, self._source.questions, before, faults, tell_batches=self._display.step)

    def _lost_nothing(self, run: Run) -> None:
        if run.traffic is None or not run.traffic.sent:
            raise RehearsalError("the instances were replaced without a request, which shows nothing")
        if run.traffic.failed:
            raise RehearsalError(f"{run.traffic.failed} of {run.traffic.sent} requests were lost")
        self._display.step(f"[green]0 of {run.traffic.sent:,} requests lost[/green]")

    def _middle(self) -> bytes:
        """Rows between the first sample and all, half-way as learning curves go: by the ratio."""
        rows, source = self._table(), self._source
        share = math.sqrt(source.first_rows / source.rows)
        return rows.select(first_rows(rows, self._config().dataset, wanted_share=share))

    def _table(self) -> TableFile:
        return TableFile.read(self._source.content, self._config().dataset.reading)

    def _config(self) -> PipelineConfig:
        return PipelineConfig.load(Path(FILE_NAME))


def _figure(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
