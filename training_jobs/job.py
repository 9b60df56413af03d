"""What SageMaker gives a training container, and where it looks for what the container leaves.

Source: "How Amazon SageMaker AI Provides Training Information" in the SageMaker developer guide: channels
under input/data, hyperparameters as texts in input/config, the model under model/, the reason of a failure in
output/failure. SAGEMAKER_BASE_DIR moves /opt/ml, as AWS's own training toolkit has it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from training_jobs.errors import InputError

# FailureReason holds 1,024 characters.
MAX_FAILURE_LENGTH = 1024


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of the container."""

    base: Path
    hyperparameters: Mapping[str, str]
    environment: Mapping[str, str]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Job:
        base = Path(environment.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
        path = base / "input/config/hyperparameters.json"
        try:
            values = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        except ValueError as error:
            raise InputError(f"{path}: is not valid JSON: {error}") from error
        return cls(base=base, hyperparameters=values, environment=environment)

    @property
    def model_directory(self) -> Path:
        return self.base / "model"

    @property
    def name(self) -> str:
        return self.environment.get("TRAINING_JOB_NAME", "local")

    def channel(self, name: str) -> Path:
        path = self.base / "input/data" / name
        if not path.is_dir():
            raise InputError(f"channel {name!r} is missing: there is no directory {path}")
        return path

    def integer(self, name: str, default: int) -> int:
        text = self.hyperparameters.get(name, str(default))
        try:
            return int(text)
        except ValueError as error:
            raise InputError(f"hyperparameter {name}: {text!r} is not a whole number") from error

    def setting(self, name: str, default: str = "") -> str:
        return self.environment.get(name, default)


def write_failure(environment: Mapping[str, str], error: BaseException) -> None:
    """Leave the reason where SageMaker reads FailureReason from."""
    path = failure_path(environment)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{type(error).__name__}: {error}"[:MAX_FAILURE_LENGTH], encoding="utf-8")


def failure_path(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "output/failure"
