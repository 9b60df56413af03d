"""CreateModel and its kin, and endpoint configs: what an endpoint is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.services.sagemaker.access.caller import Caller, pass_role
from localcloud.services.sagemaker.errors import UnsupportedOperationError, ValidationError
from localcloud.services.sagemaker.hosting.models.staleness import is_seen
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.requests.listing import Listing, pick
from localcloud.services.sagemaker.requests.names import Names
from localcloud.services.sagemaker.requests.tags import Operation, Tags
from localcloud.services.sagemaker.store import Document, Store

UNSUPPORTED_VARIANT = (
    "ServerlessConfig",
    "InstancePools",
    "ManagedInstanceScaling",
    "CapacityReservationConfig",
    "AcceleratorType",
)
UNSUPPORTED_CONFIG = ("AsyncInferenceConfig", "ExplainerConfig")


class Models:
    """All models of the account."""

    def __init__(
        self,
        store: Store,
        names: Names,
        tags: Tags,
        platform: Platform,
        package: Callable[[str], Document],
        check_sources: Callable[[str, str, Document], None] = lambda arn, role_arn, container: None,
    ) -> None:
        """`package` gives the record of a model package by its ARN; `check_sources` refuses a container."""
        self._table = store.table("model")
        self._names = names
        self._tags = tags
        self._platform = platform
        self._package = package
        self._check_sources = check_sources

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateModel": self.create,
            "DescribeModel": self.describe,
            "ListModels": self.list,
            "DeleteModel": self.delete,
        }

    def get(self, name: str) -> Document | None:
        """A model's record, if the call sees it already."""
        record = self._table.get(name)
        return record if record and is_seen(record, self._platform.clock) else None

    def create(self, request: Document, caller: Caller) -> Document:
        name = request["ModelName"]
        arn = self._names.arn("model", name)
        if request.get("ExecutionRoleArn"):
            pass_role(caller, request["ExecutionRoleArn"])
        if name in self._table:
            raise ValidationError(f'Cannot create already existing model "{arn}".')
        self._check(request)
        record = {key: value for key, value in request.items() if key != "Tags"}
        record |= {
            "ModelArn": arn,
            "CreationTime": self._platform.clock.now(),
            "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
        }
        self._table.save(name, record)
        self._tags.create(arn, request.get("Tags"))
        return {"ModelArn": arn}

    def describe(self, request: Document, caller: Caller) -> Document:
        return dict(self._known(request["ModelName"]))

    def list(self, request: Document, caller: Caller) -> Document:
        listing = Listing(
            "Models",
            lambda record: pick(record, ("ModelName", "ModelArn", "CreationTime")),
            name="ModelName",
            sort_by={"CreationTime": "CreationTime", "Name": "ModelName"},
        )
        return listing.page(self._table, request)

    def delete(self, request: Document, caller: Caller) -> Document:
        record = self._known(request["ModelName"])
        self._table.delete(record["ModelName"])
        self._tags.forget(record["ModelArn"])
        return {}

    def _known(self, name: str) -> Document:
        record = self._table.get(name)
        if record is None:
            raise ValidationError(f'Could not find model "{self._names.arn("model", name)}".')
        return record

    def _check(self, request: Document) -> None:
        containers = request.get("Containers", [])
        if bool(containers) == ("PrimaryContainer" in request):
            raise ValidationError("Exactly one of PrimaryContainer and Containers must be given.")
        if len(containers) > 1:
            raise UnsupportedOperationError("The embedded cloud serves models of one container")
        container = primary(request)
        if "ModelPackageName" in container:
            self._package(container["ModelPackageName"])
        elif "Image" not in container:
            raise ValidationError("A container needs Image or ModelPackageName.")
        elif not request.get("ExecutionRoleArn"):
            raise ValidationError("ExecutionRoleArn is required for a model with an image.")
        if container.get("Mode", "SingleModel") != "SingleModel":
            raise UnsupportedOperationError("The embedded cloud serves Mode SingleModel only")
        if request.get("ExecutionRoleArn"):
            arn = self._names.arn("model", request["ModelName"])
            self._check_sources(arn, request["ExecutionRoleArn"], container)


class EndpointConfigs:
    """All endpoint configs of the account."""

    def __init__(self, store: Store, names: Names, tags: Tags, platform: Platform, models: Models) -> None:
        self._table = store.table("endpoint-config")
        self._names = names
        self._tags = tags
        self._platform = platform
        self._models = models
        self.in_use: Callable[[str], str | None] = lambda name: None
        """The endpoint that uses a config; the endpoints say so."""

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateEndpointConfig": self.create,
            "DescribeEndpointConfig": self.describe,
            "ListEndpointConfigs": self.list,
            "DeleteEndpointConfig": self.delete,
        }

    def known(self, name: str) -> Document:
        """The record of a config; ValidationError when there is none."""
        record = self._table.get(name)
        if record is None or not is_seen(record, self._platform.clock):
            raise ValidationError(
                f'Could not find endpoint configuration "{self._names.arn("endpoint-config", name)}".'
            )
        return record

    def create(self, request: Document, caller: Caller) -> Document:
        name = request["EndpointConfigName"]
        arn = self._names.arn("endpoint-config", name)
        if request.get("ExecutionRoleArn"):
            pass_role(caller, request["ExecutionRoleArn"])
        if name in self._table:
            raise ValidationError(f'Cannot create already existing endpoint configuration "{arn}".')
        _refuse(request, UNSUPPORTED_CONFIG)
        variants = [self._variant(variant) for variant in request["ProductionVariants"]]
        shadows = [self._variant(variant) for variant in request.get("ShadowProductionVariants") or ()]
        if shadows and (len(shadows) > 1 or len(variants) > 1):
            raise ValidationError(
                "With ShadowProductionVariants an endpoint configuration has one production variant and one "
                f"shadow variant; there are {len(variants)} and {len(shadows)}."
            )
        if len({variant["VariantName"] for variant in variants + shadows}) < len(variants + shadows):
            raise ValidationError("Duplicate variant names are not allowed in an endpoint configuration.")
        record = {key: value for key, value in request.items() if key != "Tags"}
        record |= {
            "EndpointConfigArn": arn,
            "ProductionVariants": variants,
            **({"ShadowProductionVariants": shadows} if shadows else {}),
            "CreationTime": self._platform.clock.now(),
            "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
        }
        self._table.save(name, record)
        self._tags.create(arn, request.get("Tags"))
        return {"EndpointConfigArn": arn}

    def describe(self, request: Document, caller: Caller) -> Document:
        return dict(self.known(request["EndpointConfigName"]))

    def list(self, request: Document, caller: Caller) -> Document:
        listing = Listing(
            "EndpointConfigs",
            lambda record: pick(record, ("EndpointConfigName", "EndpointConfigArn", "CreationTime")),
            name="EndpointConfigName",
            sort_by={"CreationTime": "CreationTime", "Name": "EndpointConfigName"},
        )
        return listing.page(self._table, request)

    def delete(self, request: Document, caller: Caller) -> Document:
        """AWS warns never to delete a config in use and lets it happen; here it is refused."""
        record = self.known(request["EndpointConfigName"])
        user = self.in_use(record["EndpointConfigName"])
        if user is not None:
            raise ValidationError(
                f'Cannot delete endpoint configuration "{record["EndpointConfigArn"]}": '
                f'it is used by endpoint "{user}".'
            )
        self._table.delete(record["EndpointConfigName"])
        self._tags.forget(record["EndpointConfigArn"])
        return {}

    def _variant(self, variant: Document) -> Document:
        _refuse(variant, UNSUPPORTED_VARIANT)
        model = variant.get("ModelName")
        if model is None or self._models.get(model) is None:
            raise ValidationError(f'Could not find model "{self._names.arn("model", model or "")}".')
        for member in ("InitialInstanceCount", "InstanceType"):
            if member not in variant:
                raise ValidationError(f"{member} is required for variant {variant['VariantName']}.")
        return {**variant, "InitialVariantWeight": variant.get("InitialVariantWeight", 1.0)}


def primary(model: Document) -> dict[str, Any]:
    """The container definition of a single-container model."""
    several: list[dict[str, Any]] = model.get("Containers", [])
    container: dict[str, Any] = several[0] if several else model["PrimaryContainer"]
    return container


def _refuse(document: Document, members: tuple[str, ...]) -> None:
    for member in members:
        if document.get(member):
            raise UnsupportedOperationError(f"{member} is not supported by the embedded cloud")
