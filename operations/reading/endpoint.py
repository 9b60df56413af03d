"""What the endpoint serves, looked at and not believed of any registry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from operations.reading.clients import Clients
from operations.reading.errors import explained
from operations.reading.stack import Stack

MISSING = "Missing"  # the status of an endpoint that is not there
# SageMaker API Reference, `DescribeEndpoint`: the states in which an endpoint answers requests.
ANSWERING = ("InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A fleet: `weight` is its share of the requests beside the other variants' weights."""

    name: str
    instance_type: str
    instances: int
    wanted_instances: int
    weight: float


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """`config_name` serves; `pending_config_name` is taking over, else empty. Without an endpoint the status
    is MISSING and the rest is empty."""

    name: str
    status: str = MISSING
    config_name: str = ""
    pending_config_name: str = ""
    pending_since: datetime | None = None
    failure_reason: str = ""
    created_at: datetime | None = None
    changed_at: datetime | None = None
    variants: tuple[Variant, ...] = ()

    @property
    def answers(self) -> bool:
        return self.status in ANSWERING

    @property
    def is_changing(self) -> bool:
        return self.status in ("Creating", "Updating", "RollingBack", "Deleting")


def read(clients: Clients, stack: Stack) -> Endpoint:
    """The endpoint, be it there or not."""
    from botocore.exceptions import ClientError

    name = stack.endpoint_name
    with explained():
        try:
            found = clients("sagemaker").describe_endpoint(EndpointName=name)
        except ClientError as error:
            if "could not find" not in str(error).lower():
                raise
            return Endpoint(name=name)
        pending = found.get("PendingDeploymentSummary", {})
        config = str(found.get("EndpointConfigName", ""))
        types = _instance_types(clients, config)
    return Endpoint(
        name=name,
        status=str(found["EndpointStatus"]),
        config_name=config,
        pending_config_name=str(pending.get("EndpointConfigName", "")),
        pending_since=pending.get("StartTime"),
        failure_reason=str(found.get("FailureReason", "")),
        created_at=found.get("CreationTime"),
        changed_at=found.get("LastModifiedTime"),
        variants=tuple(_variant(item, types) for item in found.get("ProductionVariants", [])),
    )


def _instance_types(clients: Clients, config_name: str) -> dict[str, str]:
    """The instance type of each variant, which only the config knows; nothing where that is gone."""
    from botocore.exceptions import ClientError

    if not config_name:
        return {}
    try:
        config = clients("sagemaker").describe_endpoint_config(EndpointConfigName=config_name)
    except ClientError as error:
        if "could not find" not in str(error).lower():
            raise
        return {}
    return {item["VariantName"]: str(item.get("InstanceType", "")) for item in config["ProductionVariants"]}


def _variant(item: dict[str, Any], types: dict[str, str]) -> Variant:
    return Variant(
        name=str(item["VariantName"]),
        instance_type=types.get(item["VariantName"], ""),
        instances=int(item.get("CurrentInstanceCount", 0)),
        wanted_instances=int(item.get("DesiredInstanceCount", 0)),
        weight=float(item.get("CurrentWeight", 1.0)),
    )
