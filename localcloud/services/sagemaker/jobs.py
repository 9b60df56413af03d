"""What SageMaker's kinds of jobs have in common: their lives' last statuses, refusals and lists."""

from __future__ import annotations

from localcloud.services.sagemaker.errors import ResourceInUseError, ValidationError
from localcloud.services.sagemaker.requests.listing import Listing, pick
from localcloud.services.sagemaker.store import Document, Table

ENDED = frozenset({"Completed", "Failed", "Stopped"})
LOST = "InternalServerError: We encountered an internal error. Please try again."
"""The reason of a job whose instance was lost."""


def check_new(jobs: Table, name: str, arn: str) -> None:
    """A job's name is never free again. Raises ResourceInUseError."""
    if name in jobs:
        raise ResourceInUseError(
            "Job name must be unique within an AWS account and region, and a job with this name "
            f"already exists ({arn})"
        )


def check_running(kind: str, status: str) -> None:
    """What has ended can't be stopped; `kind` is `training` or `transform`. Raises ValidationError."""
    if status in ENDED:
        raise ValidationError(f"The request was rejected because the {kind} job is in status {status}.")


def listing(kind: str, *summary: str) -> Listing:
    """How `Training` or `Transform` jobs are listed; `summary` are members beside those of both kinds."""
    name, status = f"{kind}JobName", f"{kind}JobStatus"
    members = (name, f"{kind}JobArn", "CreationTime", f"{kind}EndTime", status, *summary)

    def summarise(record: Document) -> Document:
        return pick(record, members)

    return Listing(
        f"{kind}JobSummaries",
        summarise,
        name=name,
        sort_by={"CreationTime": "CreationTime", "Name": name, "Status": status},
        equal={"StatusEquals": status},
    )
