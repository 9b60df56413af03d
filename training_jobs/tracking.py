"""The job's MLflow run."""

from __future__ import annotations

from typing import Any

from training_jobs.dataset import Dataset
from training_jobs.job import Job


class Tracker:
    def __init__(self, job: Job) -> None:
        self._job = job

    def log_training(self, manifest: dict[str, Any], dataset: Dataset, pipeline: Any) -> str:
        return ""
