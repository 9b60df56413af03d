"""The SageMaker endpoint with the models and endpoint configs behind it.

An endpoint that does not exist is a ValidationException, not a ResourceNotFound (SageMaker API Reference,
`DescribeEndpoint`); the same goes for models and configs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from contracts.errors import EndpointBusyError
from lambdas.aws.clients import client, message_of

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient

MISSING = "Missing"


@dataclass(frozen=True, kw_only=True)
class EndpointState:
    """`config_name` is the config that serves; `pending_config_name` the one that a deployment moves to.

    `instance_count` is the fleet as it is wanted now, whoever scaled it; 0 where that is not told.
    `rolling` is the RollingUpdatePolicy of the last deployment, where it had one.
    """

    status: str
    config_name: str
    pending_config_name: str
    failure_reason: str
    instance_count: int = 0
    rolling: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_settled(self) -> bool:
        return self.status in ("InService", "OutOfService", "Failed", "UpdateRollbackFailed", MISSING)

    @property
    def serves(self) -> bool:
        """Whether requests are answered by `config_name`; one that is being created serves nothing yet."""
        return self.status in (
            "InService",
            "Updating",
            "SystemUpdating",
            "RollingBack",
            "UpdateRollbackFailed",
        )

    def is_of(self, config_name: str) -> bool:
        """Whether the config serves, or a deployment moves to it."""
        return config_name in (self.config_name, self.pending_config_name) and self.status != "Failed"


def _sagemaker() -> SageMakerClient:
    sagemaker: SageMakerClient = client("sagemaker")
    return sagemaker


def _is_missing(error: ClientError) -> bool:
    return "could not find" in message_of(error).lower()


def _exists_already(error: ClientError) -> bool:
    return "already exist" in message_of(error).lower()


class Endpoint:
    """One endpoint, by name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def state(self) -> EndpointState:
        try:
            answer = _sagemaker().describe_endpoint(EndpointName=self.name)
        except ClientError as error:
            if _is_missing(error):
                return EndpointState(
                    status=MISSING, config_name="", pending_config_name="", failure_reason=""
                )
            raise
        pending = answer.get("PendingDeploymentSummary")
        return EndpointState(
            status=answer["EndpointStatus"],
            config_name=answer.get("EndpointConfigName", ""),
            pending_config_name=pending["EndpointConfigName"] if pending else "",
            failure_reason=answer.get("FailureReason", ""),
            instance_count=sum(
                variant.get("DesiredInstanceCount") or variant.get("CurrentInstanceCount") or 0
                for variant in answer.get("ProductionVariants", [])
            ),
            rolling=answer.get("LastDeploymentConfig", {}).get("RollingUpdatePolicy", {}),
        )

    def create(self, config_name: str, tags: Sequence[Any]) -> None:
        """An endpoint that is there already with this config is the one asked for."""
        with self._unless_begun(config_name), _seen_later(config_name):
            _sagemaker().create_endpoint(
                EndpointName=self.name, EndpointConfigName=config_name, Tags=list(tags)
            )

    def update(
        self, config_name: str, deployment: Mapping[str, Any], *, excluded: Collection[str] = ()
    ) -> None:
        """Start a blue/green deployment: `deployment` is a DeploymentConfig.

        The fleet keeps what scaling and people made of it, apart from the `excluded` variant properties,
        which the new config decides (SageMaker API Reference, `UpdateEndpoint`).
        """
        request: dict[str, Any] = {
            "DeploymentConfig": deployment,
            "RetainAllVariantProperties": True,
            "ExcludeRetainedVariantProperties": [{"VariantPropertyType": name} for name in sorted(excluded)],
        }
        with self._unless_begun(config_name), _seen_later(config_name):
            _sagemaker().update_endpoint(EndpointName=self.name, EndpointConfigName=config_name, **request)

    @contextmanager
    def _unless_begun(self, config_name: str) -> Iterator[None]:
        """Where an answer was lost, botocore asks again, and is refused because of what it began itself."""
        try:
            yield
        except (ClientError, EndpointBusyError):
            if not self.state().is_of(config_name):
                raise

    def delete(self) -> None:
        try:
            _sagemaker().delete_endpoint(EndpointName=self.name)
        except ClientError as error:
            if not _is_missing(error):
                raise


@contextmanager
def _seen_later(name: str) -> Iterator[None]:
    """Turn "not found" for what was just made into EndpointBusyError, which the state machine retries.

    Such reads are eventually consistent, and AWS asks its callers to try again (SageMaker API Reference,
    `CreateEndpoint`).
    """
    try:
        yield
    except ClientError as error:
        if not _is_missing(error) or name not in message_of(error):
            raise
        raise EndpointBusyError(f"{name} was made and can't be seen yet: {message_of(error)}") from error


def create_model(request: Mapping[str, Any]) -> None:
    """`request` is CreateModel's; a model of that name that exists already is the one asked for."""
    try:
        _sagemaker().create_model(**request)
    except ClientError as error:
        if not _exists_already(error):
            raise


def create_config(request: Mapping[str, Any]) -> None:
    """`request` is CreateEndpointConfig's; a config of that name that exists already is the one asked for."""
    try:
        with _seen_later(str(request["ProductionVariants"][0]["ModelName"])):
            _sagemaker().create_endpoint_config(**request)
    except ClientError as error:
        if not _exists_already(error):
            raise


def model_of(name: str) -> tuple[str, Mapping[str, str]]:
    """Where a model's data lies, and its container's environment."""
    container = _sagemaker().describe_model(ModelName=name).get("PrimaryContainer", {})
    return container.get("ModelDataUrl", ""), container.get("Environment", {})


def configured_count(config_name: str) -> int:
    """The instances that a config asks for; 0 where there is no such config any more."""
    try:
        answer = _sagemaker().describe_endpoint_config(EndpointConfigName=config_name)
    except ClientError as error:
        if _is_missing(error):
            return 0
        raise
    return sum(variant.get("InitialInstanceCount", 0) for variant in answer["ProductionVariants"])


def configured_types(config_name: str) -> set[str]:
    """The instance types of a config; none where there is no such config any more."""
    try:
        answer = _sagemaker().describe_endpoint_config(EndpointConfigName=config_name)
    except ClientError as error:
        if _is_missing(error):
            return set()
        raise
    return {str(variant.get("InstanceType", "")) for variant in answer["ProductionVariants"]}


def config_names(prefix: str) -> Iterator[str]:
    """Endpoint configs whose name starts with the prefix, newest first."""
    pages = (
        _sagemaker()
        .get_paginator("list_endpoint_configs")
        .paginate(NameContains=prefix, SortBy="CreationTime", SortOrder="Descending")
    )
    for page in pages:
        for config in page["EndpointConfigs"]:
            if config["EndpointConfigName"].startswith(prefix):
                yield config["EndpointConfigName"]


def model_names(prefix: str) -> Iterator[str]:
    """Models whose name starts with the prefix, newest first."""
    pages = (
        _sagemaker()
        .get_paginator("list_models")
        .paginate(NameContains=prefix, SortBy="CreationTime", SortOrder="Descending")
    )
    for page in pages:
        for model in page["Models"]:
            if model["ModelName"].startswith(prefix):
                yield model["ModelName"]


def delete_config(name: str) -> None:
    """Never call it on a config in use; one that is gone already is fine."""
    try:
        _sagemaker().delete_endpoint_config(EndpointConfigName=name)
    except ClientError as error:
        if not _is_missing(error):
            raise


def delete_model(name: str) -> None:
    """A model that is gone already is fine."""
    try:
        _sagemaker().delete_model(ModelName=name)
    except ClientError as error:
        if not _is_missing(error):
            raise
