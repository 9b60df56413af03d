"""Whether two people stand behind a model: who uploaded its data, and who approved it. Pure.

A principal is told by ARN. Of a role's session the caller chooses the name, so two sessions of one role are
one principal; but IAM Identity Center's roles, whose sessions it names after the person itself (IAM Identity
Center User Guide, "Referencing permission sets").
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from lambdas.request_approval.decision import role_name

_IDENTITY_CENTER = "AWSReservedSSO_"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`is_enough` where the model may be deployed; else `way_on` is what is missing and what to do, and
    `counted` is an approval that stands until a second one comes."""

    is_enough: bool
    way_on: str = ""
    counted: str = ""


def judge(*, approver: str, uploader: str, before: str, own_uploaders: Collection[str]) -> Answer:
    """`uploader` is the ARN of whoever uploaded, empty where nobody knows; `before` that of whoever approved
    already, if anybody did; `own_uploaders` are the names of the pipeline's roles that upload retrainings."""
    if not principal(approver):
        return _refused("SageMaker does not name who approved: approve as an IAM user or by a role's session")
    if not principal(uploader):
        return _refused(
            "nobody knows who uploaded its data: the trail tells some minutes after an upload, so approve "
            "once more, or let the file be uploaded again"
        )
    if role_name(uploader) not in own_uploaders:
        if principal(approver) == principal(uploader):
            return _refused(f"{approver} uploaded its data: another person must approve")
        return Answer(is_enough=True)
    if not before:
        return Answer(
            is_enough=False,
            way_on=f"{approver} approved it; nobody uploaded its data, so a second person must approve",
            counted=approver,
        )
    if principal(before) == principal(approver):
        return Answer(
            is_enough=False, way_on=f"{approver} approved it before: another person must", counted=before
        )
    return Answer(is_enough=True)


def principal(arn: str) -> str:
    """What stands for one person; empty where the ARN names none."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] not in ("iam", "sts") or not parts[5]:
        return ""
    account, name = parts[4:]
    role = role_name(arn)
    if role.startswith(_IDENTITY_CENTER):
        return f"person/{name.rpartition('/')[2]}"
    return f"{account}/{'role/' + role if role else name}"


def _refused(way_on: str) -> Answer:
    return Answer(is_enough=False, way_on=way_on)
