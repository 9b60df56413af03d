"""Scalable targets: which variant of which endpoint may be scaled, and between which counts.

Application Auto Scaling API reference, `RegisterScalableTarget`; SageMaker Developer Guide, "Automatic
scaling of SageMaker AI models". Of the services and dimensions that there are, the instances of endpoints'
variants are embedded, and every other is refused by name. Registering leaves the fleet as it is: a policy or
a scheduled action brings it between the bounds.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from localcloud.host.clock import Clock
from localcloud.services.autoscaling.errors import (
    ObjectNotFoundError,
    UnsupportedOperationError,
    ValidationError,
)
from localcloud.services.sagemaker.store import Document, Table

NAMESPACE, DIMENSION = "sagemaker", "sagemaker:variant:DesiredInstanceCount"
SERVICE_ROLE = (
    "aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)
SUSPENSIONS = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
_VARIANT = re.compile(r"endpoint/(?P<endpoint>[^/]+)/variant/(?P<variant>[^/]+)")


@dataclass(frozen=True)
class Variant:
    """A variant of an endpoint, as ResourceId names it."""

    endpoint: str
    name: str

    @property
    def resource_id(self) -> str:
        return f"endpoint/{self.endpoint}/variant/{self.name}"


def check_kind(request: Document) -> None:
    """Refuse what is not embedded, by its name."""
    if request.get("ServiceNamespace", NAMESPACE) != NAMESPACE:
        raise UnsupportedOperationError(
            f"The embedded cloud scales {NAMESPACE} alone, not {request['ServiceNamespace']}"
        )
    if request.get("ScalableDimension", DIMENSION) != DIMENSION:
        raise UnsupportedOperationError(
            f"The embedded cloud scales {DIMENSION} alone, not {request['ScalableDimension']}"
        )


def variant_of(resource_id: str) -> Variant:
    found = _VARIANT.fullmatch(resource_id)
    if not found:
        raise ValidationError(
            f"Unsupported service namespace, resource type or scalable dimension: {resource_id}. A resource "
            "of sagemaker is endpoint/NAME/variant/NAME."
        )
    return Variant(found["endpoint"], found["variant"])


def where(resource_id: str) -> str:
    """How the service's messages name a target."""
    return f"service namespace: {NAMESPACE}, resource ID: {resource_id}, scalable dimension: {DIMENSION}"


class Targets:
    """Every target of the account, by its resource."""

    def __init__(self, table: Table, account: str, region: str, clock: Clock) -> None:
        self._table = table
        self._place = f"arn:aws:application-autoscaling:{region}:{account}:scalable-target"
        self._role = f"arn:aws:iam::{account}:role/{SERVICE_ROLE}"
        self._clock = clock

    def __iter__(self) -> Iterator[Document]:
        return iter(self._table)

    @property
    def is_empty(self) -> bool:
        return not list(self._table)

    def get(self, resource_id: str) -> Document | None:
        return self._table.get(resource_id)

    def known(self, resource_id: str, *, noun: str = "scalable target registered") -> Document:
        found = self._table.get(resource_id)
        if found is None:
            raise ObjectNotFoundError(f"No {noun} for {where(resource_id)}")
        return found

    def arn(self, resource_id: str) -> str:
        """Of a target, or of any where there is none yet: its id is random."""
        found = self._table.get(resource_id)
        return str(found["ScalableTargetARN"]) if found else f"{self._place}/*"

    def register(self, request: Document) -> Document:
        """A new target needs both bounds; a known one keeps what the request leaves out."""
        resource_id = request["ResourceId"]
        before = self._table.get(resource_id)
        record = {**(before or self._new(resource_id))}
        for key in ("MinCapacity", "MaxCapacity"):
            if key in request:
                record[key] = request[key]
            elif before is None:
                raise ValidationError(f"{key[:3].lower()} capacity must be specified for a new target.")
        if record["MinCapacity"] > record["MaxCapacity"]:
            raise ValidationError(
                f"Maximum capacity cannot be less than minimum capacity: {record['MaxCapacity']} < "
                f"{record['MinCapacity']}."
            )
        if record["MinCapacity"] < 1:
            raise ValidationError(
                "Minimum capacity must be at least 1: a variant goes to zero instances only with inference "
                "components or behind an asynchronous queue."
            )
        state = dict.fromkeys(SUSPENSIONS, False) | record.get("SuspendedState", {})
        record["SuspendedState"] = state | request.get("SuspendedState", {})
        self._table.save(resource_id, record)
        return record

    def change(self, resource_id: str, low: int | None, high: int | None) -> Document:
        """The bounds that a scheduled action sets."""
        bounds = {"MinCapacity": low, "MaxCapacity": high}
        given = {key: value for key, value in bounds.items() if value is not None}
        return self.register({"ResourceId": resource_id, **given})

    def forget(self, resource_id: str) -> None:
        self.known(resource_id, noun="scalable target found")
        self._table.delete(resource_id)

    def _new(self, resource_id: str) -> Document:
        name = hashlib.sha256(f"{resource_id}{self._clock.now()}".encode()).hexdigest()[:36]
        return {
            "ServiceNamespace": NAMESPACE,
            "ResourceId": resource_id,
            "ScalableDimension": DIMENSION,
            "RoleARN": self._role,
            "CreationTime": self._clock.now(),
            "ScalableTargetARN": f"{self._place}/{name}",
        }
