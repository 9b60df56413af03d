"""The stages, as values: what differs between them is written here and nowhere else.

How traffic moves to a new model also differs by stage; a user decides that in `pipeline.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_logs as logs


class UnknownStageError(ValueError):
    """The stage asked for is not one of STAGES."""


@dataclass(frozen=True, kw_only=True)
class StageSettings:
    """How long things live, and who is told.

    `data_removal` governs buckets and key; everything else goes with the stack. `old_version_days` is how
    long an overwritten object stays, `capture_days` how long captured requests stay.
    """

    name: str
    data_removal: cdk.RemovalPolicy
    log_retention: logs.RetentionDays
    old_version_days: int
    capture_days: int
    alarm_emails: tuple[str, ...] = ()

    @property
    def retains_data(self) -> bool:
        return self.data_removal is cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE


DEV = StageSettings(
    name="dev",
    data_removal=cdk.RemovalPolicy.DESTROY,
    log_retention=logs.RetentionDays.TWO_WEEKS,
    old_version_days=7,
    capture_days=14,
)
PROD = StageSettings(
    name="prod",
    # Not RETAIN: what a failed first deployment left behind would keep the names that the next one needs.
    data_removal=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    log_retention=logs.RetentionDays.ONE_YEAR,
    old_version_days=90,
    capture_days=90,
)
STAGES = {stage.name: stage for stage in (DEV, PROD)}


def pick(name: str) -> StageSettings:
    """The stage of that name; raises UnknownStageError that lists those there are."""
    if name not in STAGES:
        raise UnknownStageError(
            f"stage {name!r} is none of {', '.join(STAGES)}: use -c stage=NAME or STAGE=NAME"
        )
    return STAGES[name]
