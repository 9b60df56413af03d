"""What is known of a deployment: the right to it, how it goes, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from contracts.documents.document import Document


@dataclass(frozen=True, kw_only=True)
class LeaseAnswer(Document):
    """`status` is `acquired`, `waiting` or `superseded`; the fencing `token`; `champion_arn` is what serves
    now, and is not rejected."""

    status: str
    reason: str
    token: int
    champion_arn: str


@dataclass(frozen=True, kw_only=True)
class Approval(Document):
    """What a person decided on a model that the gate let through, before any lease: `status` is `approved`,
    `rejected` or `timed_out`; `by` is the ARN of whoever changed the package, empty where SageMaker does not
    say."""

    status: str
    by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Rollback(Document):
    """An operator's wish. `leaves_package_arn` is what served, and is written by FindPreviousChampion, as is
    `is_needless` where an endpoint that was to be restored is there."""

    IS_STRICT: ClassVar[bool] = True

    from_package_arn: str | None = None
    reason: str | None = None
    to_version: int | None = None
    restore: bool | None = None
    leaves_package_arn: str | None = None
    is_needless: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Watch(Document):
    """The policy's minimum of requests, how long to wait for it, and what then."""

    min_green_requests: int
    evidence_wait_seconds: int
    when_unproven: str


@dataclass(frozen=True, kw_only=True)
class GoingHome(Document):
    """Why traffic goes back, and how often that was tried."""

    error: str
    reason: str
    attempts: int


@dataclass(frozen=True, kw_only=True)
class Deployment(Document):
    """A deployment under way. `guards` is each alarm's name with a hash of how it was put; `exempt` why no
    proof is waited for (a first deployment, a rollback by hand), else empty; `watch` what proof is;
    `going_home`, which ReturnHome adds, why traffic goes back.

    Executions that began before there was ReturnHome have neither guards nor watch.
    """

    endpoint_name: str
    config_name: str
    alarm_prefix: str
    check_after_seconds: int
    previous_config_name: str = ""
    started_at: str = ""
    guards: Mapping[str, str] | None = None
    exempt: str | None = None
    watch: Watch | None = None
    going_home: GoingHome | None = None


@dataclass(frozen=True, kw_only=True)
class DeploymentStatus(Document):
    """`status` is `baking`, `watching`, `done`, `go_home`, `returned`, `rolled_back` or `failed`; `error` is
    what it ends with where traffic goes home; `proof` is `proven`, `unproven` or `exempt` of what is done;
    `alarms` that fired, with their datapoints; `watched_seconds` is how long the next check will have seen
    the config in service, None before it is."""

    status: str
    reason: str
    error: str = ""
    proof: str = ""
    alarms: tuple[Mapping[str, Any], ...] = ()
    watched_seconds: int | None = None


@dataclass(frozen=True, kw_only=True)
class Proof(Document):
    """Whether anybody saw the deployed model answer."""

    kind: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Promotion(Document):
    """The champion and the one before it; names of configs and models `deleted`."""

    champion_arn: str
    previous_champion_arn: str
    proof: str
    deleted: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Rejection(Document):
    """The name `deleted`, and whether it was `kept` because it serves, or was champion once."""

    reason: str
    deleted: str
    kept: bool


@dataclass(frozen=True, kw_only=True)
class Release(Document):
    """Whether this execution `held` the lease."""

    held: bool
