"""One configuration on one dataset: how it is built, validated and fitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from contracts.pipeline_config import PipelineConfig
from training_jobs.dataset import Dataset
from training_jobs.pipeline import build_pipeline
from training_jobs.resources import fitting_threads, limited_threads
from training_jobs.scores import score
from training_jobs.validation import Fold, folds_of

Parameters = Mapping[str, float | int | str | bool]


@dataclass(frozen=True)
class Experiment:
    """Everything that stays the same while parameters are tried."""

    config: PipelineConfig
    dataset: Dataset
    seed: int

    @property
    def task(self) -> str:
        return self.config.dataset.task

    @cached_property
    def folds(self) -> list[Fold]:
        return folds_of(self.dataset, self.task, self.config.training.folds, self.seed)

    @cached_property
    def threads(self) -> int:
        return fitting_threads(len(self.dataset))

    @cached_property
    def category_counts(self) -> dict[str, int]:
        """How many values each category column has."""
        columns = [c.name for c in self.config.dataset.feature_columns if c.type == "category"]
        return {name: int(self.dataset.features[name].nunique(dropna=False)) for name in columns}

    def fit(self, parameters: Parameters, dataset: Dataset | None = None) -> Any:
        """A pipeline fitted on the whole dataset, or on the given rows."""
        rows = self.dataset if dataset is None else dataset
        pipeline = build_pipeline(
            self.config, self.category_counts, rows.features, parameters, self.seed, self.threads
        )
        with limited_threads(self.threads):
            return pipeline.fit(rows.features, rows.target)

    def fold_scores(self, parameters: Parameters) -> Iterator[dict[str, float]]:
        """Each fold's metrics, by a pipeline that has not seen the fold."""
        for training, validation in self.folds:
            pipeline = self.fit(parameters, self.dataset.take(training))
            rest = self.dataset.take(validation)
            with limited_threads(self.threads):
                yield score(pipeline, rest.features, rest.target, self.task, self.config.gate.metric)
