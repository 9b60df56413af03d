"""One configuration on one dataset: how it is built, validated and fitted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from contracts.pipeline_config import PipelineConfig
from contracts.training import quantile_of
from training_jobs.blend import Blend
from training_jobs.choice import Choice, Member, Parameters
from training_jobs.dataset import Dataset
from training_jobs.folds import Fold
from training_jobs.out_of_fold import Judged, in_all_classes
from training_jobs.pipeline import build_pipeline
from training_jobs.resources import fitting_threads, limited_threads
from training_jobs.scores import answers_of, classes_of
from training_jobs.validation import folds_of
from training_jobs.weights import fitting_weights


@dataclass(frozen=True)
class Experiment:
    """Everything that stays the same while estimators and parameters are tried."""

    config: PipelineConfig
    dataset: Dataset
    seed: int

    @property
    def task(self) -> str:
        return self.config.dataset.task

    @property
    def metric(self) -> str:
        return self.config.gate.metric

    @property
    def expects_its_own(self) -> bool:
        """Whether answers are meant to lie elsewhere than around the target's mean."""
        lies_elsewhere = self.metric in ("mae_error", "mape_error") or quantile_of(self.metric) is not None
        return lies_elsewhere or self.config.training.class_weight != "none"

    @cached_property
    def folds(self) -> list[Fold]:
        return folds_of(self.dataset, self.config.dataset, self.config.training.folds, self.seed)

    @cached_property
    def threads(self) -> int:
        return fitting_threads(len(self.dataset))

    @cached_property
    def category_counts(self) -> dict[str, int]:
        """How many values each category column has; those beside its own categories count as one."""
        return {
            c.name: len(c.categories) + 1
            if c.others
            else int(self.dataset.features[c.name].nunique(dropna=False))
            for c in self.config.dataset.feature_columns
            if c.type == "category" and not c.hashing
        }

    def fit(self, parameters: Parameters, dataset: Dataset | None = None) -> Any:
        """The configured estimator with these parameters, fitted on all rows or on the given ones."""
        return self.fit_choice(Choice.of(self.config.training.estimator, parameters), dataset)

    def fit_choice(self, choice: Choice, dataset: Dataset | None = None) -> Any:
        """A pipeline, or a blend of pipelines, fitted on the whole dataset or on the given rows."""
        rows = self.dataset if dataset is None else dataset
        fitted = [self._fit_member(member, rows) for member in choice.members]
        return fitted[0] if choice.only else Blend(fitted, [member.weight for member in choice.members])

    def unfitted(self, member: Member, rows: Dataset) -> Any:
        return build_pipeline(self.config, self.category_counts, rows, member, self.seed, self.threads)

    def _fit_member(self, member: Member, rows: Dataset) -> Any:
        with limited_threads(self.threads):
            weights = fitting_weights(rows, self.config.training.class_weight)
            options = {} if weights is None else {"estimator__sample_weight": weights}
            return self.unfitted(member, rows).fit(rows.features, rows.target, **options)

    def fold_scores(self, parameters: Parameters) -> Iterator[dict[str, float]]:
        """Each fold's metrics with these parameters, by a pipeline that has not seen the fold."""
        return self.choice_scores(Choice.of(self.config.training.estimator, parameters))

    def choice_scores(self, choice: Choice) -> Iterator[dict[str, float]]:
        for judged in self.choice_answers(choice):
            yield judged.metrics(self.task, self.metric)

    def choice_answers(self, choice: Choice) -> Iterator[Judged]:
        """Each fold's rows with the answers of a pipeline that has not seen them."""
        classes = None if self.task == "regression" else np.unique(self.dataset.target)
        for training, validation in self.folds:
            pipeline = self.fit_choice(choice, self.dataset.take(training))
            rest = self.dataset.take(validation)
            with limited_threads(self.threads):
                answers = answers_of(pipeline, rest.features, self.task)
            if classes is None:
                yield Judged(rest.target, answers, rest.weights)
                continue
            known = np.searchsorted(classes, classes_of(pipeline))
            full = in_all_classes(answers, known, len(classes))
            yield Judged(np.searchsorted(classes, rest.target), full, rest.weights)
