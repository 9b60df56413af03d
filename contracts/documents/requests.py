"""What the state machine asks each function. A default stands for a key that an execution may lack: it began
before the definition passed it, or it goes another way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.documents.data import Dataset, Parts
from contracts.documents.deployments import (
    Approval,
    Deployment,
    DeploymentStatus,
    LeaseAnswer,
    Proof,
    Rollback,
)
from contracts.documents.document import Request
from contracts.documents.models import Evaluation, Registration, Training


@dataclass(frozen=True, kw_only=True)
class CheckPreconditionsRequest(Request):
    """Nothing."""


@dataclass(frozen=True, kw_only=True)
class UploadRequest(Request):
    """One version of one object; `sequencer` orders uploads of one second."""

    bucket: str
    key: str
    version_id: str
    sequencer: str = ""


@dataclass(frozen=True, kw_only=True)
class IngestDataRequest(UploadRequest):
    """A file."""


@dataclass(frozen=True, kw_only=True)
class ListPartsRequest(UploadRequest):
    """A manifest."""


@dataclass(frozen=True, kw_only=True)
class IngestPartRequest(Request):
    """One pinned part: `list` is the hash of all, `part` its name in the manifest."""

    list: str
    number: int
    part: str
    bucket: str
    key: str
    version_id: str
    sample_rows: int


@dataclass(frozen=True, kw_only=True)
class MergePartsRequest(Request):
    """The parts, all of which were read."""

    parts: Parts


@dataclass(frozen=True, kw_only=True)
class EvaluateModelRequest(Request):
    """A dataset and the challenger that was trained on it."""

    dataset: Dataset
    training: Training


@dataclass(frozen=True, kw_only=True)
class RegisterModelRequest(Request):
    """A challenger that is better, and all that it came from."""

    execution_name: str
    dataset: Dataset
    training: Training
    evaluation: Evaluation


@dataclass(frozen=True, kw_only=True)
class RequestApprovalRequest(Request):
    """A registered model that waits for a person; `execution` is the ARN of what waits with the token, and
    the upload is the one that its data came by."""

    task_token: str
    execution: str
    now: str
    registration: Registration
    bucket: str
    key: str
    version_id: str


@dataclass(frozen=True, kw_only=True)
class AcquireLeaseRequest(Request):
    """`holder` is the execution's ARN; `upload_order` is empty for a rollback."""

    holder: str
    now: str
    upload_order: str


@dataclass(frozen=True, kw_only=True)
class FindPreviousChampionRequest(Request):
    """An operator's wish."""

    rollback: Rollback


@dataclass(frozen=True, kw_only=True)
class DeployModelRequest(Request):
    """A registered model. `is_rollback` is None for executions that began before there was ReturnHome."""

    execution_name: str
    holder: str
    now: str
    training: Training
    registration: Registration
    lease: LeaseAnswer
    is_rollback: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Seen(DeploymentStatus):
    """What the check before said; nothing before the first."""

    status: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckDeploymentRequest(Request):
    """A deployment under way, and how it stood at the check before (`seen`, if any)."""

    holder: str
    now: str
    deployment: Deployment
    lease: LeaseAnswer
    seen: Seen | None = None


@dataclass(frozen=True, kw_only=True)
class ReturnHomeRequest(Request):
    """A deployment that must not stay, and why."""

    holder: str
    now: str
    deployment: Deployment
    seen: DeploymentStatus
    lease: LeaseAnswer


@dataclass(frozen=True, kw_only=True)
class PromoteChampionRequest(Request):
    """A deployment that is done, with its proof."""

    registration: Registration
    deployment: Deployment
    now: str = ""
    proof: Proof | None = None
    rollback: Rollback | None = None
    approval: Approval | None = None


@dataclass(frozen=True, kw_only=True)
class RejectChallengerRequest(Request):
    """A challenger, and what the states before lived to report of it. Of `deployment` and
    `rollback` it matters alone whether they are there: nothing in them may stop the clean-up."""

    training_job_name: str
    reason: str
    mlflow_run_id: str = ""
    registration: Registration | None = None
    deployment: Mapping[str, Any] | None = None
    rollback: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class ReleaseLeaseRequest(Request):
    """Whether the upload took over (`promoted`) while this execution held the lease."""

    holder: str
    upload_order: str
    promoted: bool
