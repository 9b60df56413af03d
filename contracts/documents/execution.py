"""The whole document, key by key, and which state's function is asked what and gives which key."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from contracts.documents import data, deployments, models, requests
from contracts.documents.document import Document, Request


@dataclass(frozen=True, kw_only=True)
class Error(Document):
    """What the execution ends with: the error's class, its message, and the state that it came from."""

    name: str
    message: str
    state: str


@dataclass(frozen=True, kw_only=True)
class Failure(Document):
    """What a task ended with, as Step Functions reports it, until DescribeFailure has read it."""

    State: str
    Error: str
    Cause: str | None = None


@dataclass(frozen=True, kw_only=True)
class State:
    """A function's state: `key` is where its answer goes, which is one of `answers`; it is empty where the
    answer holds several keys itself, or none."""

    request: type[Request]
    key: str = ""
    answers: tuple[type[Document], ...] = ()


_DATASET = (data.Dataset, data.RejectedDataset)
STATES: dict[str, State] = {
    "CheckPreconditions": State(
        request=requests.CheckPreconditionsRequest, key="preconditions", answers=(data.Preconditions,)
    ),
    "IngestData": State(request=requests.IngestDataRequest, key="dataset", answers=_DATASET),
    "ListParts": State(
        request=requests.ListPartsRequest, key="parts", answers=(data.Parts, data.RejectedDataset)
    ),
    "IngestPart": State(request=requests.IngestPartRequest, answers=(data.PartRead,)),
    "MergeParts": State(request=requests.MergePartsRequest, key="dataset", answers=_DATASET),
    "EvaluateModel": State(
        request=requests.EvaluateModelRequest, key="evaluation", answers=(models.Evaluation,)
    ),
    "RegisterModel": State(
        request=requests.RegisterModelRequest, key="registration", answers=(models.Registration,)
    ),
    "RequestApproval": State(
        request=requests.RequestApprovalRequest, key="approval", answers=(deployments.Approval,)
    ),
    "AcquireLease": State(
        request=requests.AcquireLeaseRequest, key="lease", answers=(deployments.LeaseAnswer,)
    ),
    "FindPreviousChampion": State(request=requests.FindPreviousChampionRequest),
    "DeployModel": State(
        request=requests.DeployModelRequest, key="deployment", answers=(deployments.Deployment,)
    ),
    "CheckDeployment": State(
        request=requests.CheckDeploymentRequest,
        key="deployment_status",
        answers=(deployments.DeploymentStatus,),
    ),
    "ReturnHome": State(
        request=requests.ReturnHomeRequest, key="deployment", answers=(deployments.Deployment,)
    ),
    "PromoteChampion": State(
        request=requests.PromoteChampionRequest, key="promotion", answers=(deployments.Promotion,)
    ),
    "RejectChallenger": State(
        request=requests.RejectChallengerRequest, key="rejection", answers=(deployments.Rejection,)
    ),
    "ReleaseLease": State(
        request=requests.ReleaseLeaseRequest, key="release", answers=(deployments.Release,)
    ),
}
# The kinds of value that each key may hold, in the order in which an execution gains them.
KEYS: dict[str, tuple[Any, ...]] = {
    **{field.name: (str,) for field in fields(data.UploadInput)},
    "rollback": (deployments.Rollback,),
    "preconditions": (data.Preconditions,),
    "parts": (data.Parts, data.RejectedDataset),
    "dataset": _DATASET,
    "training": (models.Training,),
    "evaluation": (models.Evaluation,),
    "registration": (models.Registration,),
    "approval": (deployments.Approval,),
    "lease": (deployments.LeaseAnswer,),
    "deployment": (deployments.Deployment,),
    "deployment_status": (deployments.DeploymentStatus,),
    "promotion": (deployments.Promotion,),
    "rejection": (deployments.Rejection,),
    "release": (deployments.Release,),
    "failure": (Failure,),
    "error": (Error,),
    "outcome": (str,),
    "reason": (str,),
}
