"""Whether a person has decided on a model package, as its record in the registry says."""

from __future__ import annotations

from collections.abc import Collection

from contracts.documents.deployments import Approval
from lambdas.aws.registry import Package

APPROVED, REJECTED, TIMED_OUT = "approved", "rejected", "timed_out"
_STATUSES = {"Approved": APPROVED, "Rejected": REJECTED}
_UNKNOWN = "somebody whom SageMaker does not name"


def decided(package: Package, own_roles: Collection[str]) -> Approval | None:
    """None while nobody has, or where it was the pipeline itself that changed the package's status.

    What an event says is not asked: SageMaker sends several for one change, and the package is what counts.
    """
    status = _STATUSES.get(package.status)
    if status is None or role_name(package.modified_by) in own_roles:
        return None
    words = f": {package.reason}" if package.reason else ""
    return Approval(
        status=status, by=package.modified_by, reason=f"{package.modified_by or _UNKNOWN} {status} it{words}"
    )


def role_name(arn: str) -> str:
    """The role behind a session's ARN, or of a role's own; empty for users and for nobody.

    `arn:aws:sts::111122223333:assumed-role/NAME/SESSION` (IAM User Guide, "IAM identifiers"); a role's own
    ARN may have a path before its name, a session's has none.
    """
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    if kind == "assumed-role":
        return rest.partition("/")[0]
    return rest.rpartition("/")[2] if kind == "role" else ""
