"""What is known of a trained model: its job, the verdict on it, and its place in the registries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.documents.document import Document


@dataclass(frozen=True, kw_only=True)
class Training(Document):
    """The training job. `status` and `failure_reason` are told of a job that was found, having been started
    before; a package of a rollback knows no `job_arn`."""

    job_name: str
    model_data_uri: str = ""
    job_arn: str | None = None
    status: str | None = None
    failure_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict(Document):
    """Whether the challenger is better, by which checks; `advice` is for whoever is asked."""

    promote: bool
    reason: str
    outcome: str | None = None
    advice: tuple[str, ...] = ()
    checks: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Evaluation(Document):
    """The verdict, the `metric` that decided, and all figures of `challenger` and `champion` on the holdout;
    `champion_arn` it was compared with. Without a champion its ARN is empty and its figures are null.

    `archive_hash` is the SHA-256 (hex) of the archive that was judged; a verdict from before there was one
    has none.
    """

    verdict: Verdict
    metric: str
    challenger: Mapping[str, Any]
    champion: Mapping[str, Any] | None
    champion_arn: str
    mlflow_run_id: str
    model_hash: str
    report_uri: str
    report_html_uri: str
    archive_hash: str = ""
    trained_on_uri: str = ""
    holdout_rows: int | None = None


@dataclass(frozen=True, kw_only=True)
class Registration(Document):
    """Package and MLflow version; `serving_image_uri` by digest. `model_hash` is empty for packages from
    before models had one."""

    model_package_arn: str
    model_package_version: int
    mlflow_model_version: str
    serving_image_uri: str
    model_data_uri: str
    model_hash: str = ""
