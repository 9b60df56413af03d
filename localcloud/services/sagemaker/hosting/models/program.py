"""Turns a model's record into a program that instances can run: role, image, model data, environment."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localcloud.containers import archives
from localcloud.services.sagemaker.access.roles import Role, RoleError, Roles, reason, split_uri
from localcloud.services.sagemaker.errors import SageMakerError
from localcloud.services.sagemaker.hosting.fleet.fleet import FleetError
from localcloud.services.sagemaker.hosting.fleet.instance import Program
from localcloud.services.sagemaker.hosting.models.models import primary
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.store import Document


class Preparer:
    """Prepares programs in the execution role's name; blocking, so run it in a thread."""

    def __init__(self, platform: Platform, roles: Roles, package: Callable[[str], Document]) -> None:
        self._platform = platform
        self._roles = roles
        self._package = package

    def prepare(self, model: Document, directory: Path) -> Program:
        """Pull the image and unpack the model data below `directory`; raises FleetError."""
        container = self._container(model)
        try:
            role = self._roles.assume(model["ExecutionRoleArn"], model["ModelArn"])
            if model.get("VpcConfig"):
                self._roles.join_vpc(role, model["VpcConfig"])
            image = self._roles.pull(role, container["Image"])
        except (RoleError, SageMakerError) as problem:
            raise FleetError(str(problem)) from None
        data = _model_data(container)
        target = directory / "model"
        if data is not None:
            self._unpack(role, data, target)
        return Program(
            image,
            container["Image"],
            {**container.get("Environment", {}), **self._surroundings(model, role)},
            role.environment,
            target if data is not None else None,
            self._platform.clock.now(),
            isolated=bool(model.get("EnableNetworkIsolation")),
        )

    def _surroundings(self, model: Document, role: Role) -> dict[str, str]:
        """What lets a container call AWS; nothing when it is isolated from the network."""
        if model.get("EnableNetworkIsolation"):
            return {}
        return {**role.environment, "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": self._platform.endpoint_url}

    def _container(self, model: Document) -> dict[str, Any]:
        """The container definition, with what it takes from a model package filled in."""
        container = primary(model)
        if "ModelPackageName" not in container:
            return container
        specification = self._package(container["ModelPackageName"])["InferenceSpecification"]
        packaged = specification["Containers"][0]
        environment = {**packaged.get("Environment", {}), **container.get("Environment", {})}
        return {**packaged, **container, "Environment": environment}

    def _unpack(self, role: Role, uri: str, target: Path) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, key = split_uri(uri)
        archive = target.with_suffix(".tar.gz")
        try:
            role.download(bucket, key, archive)
        except (BotoCoreError, ClientError) as problem:
            raise FleetError(
                f'Could not access model data at {uri}. Please ensure that the role "{role.arn}" exists and '
                'that its trust relationship policy allows the action "sts:AssumeRole" for the service '
                'principal "sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" '
                f"permissions and that the object is located in {self._platform.region}. ({reason(problem)})"
            ) from None
        try:
            with tarfile.open(archive) as tar:
                archives.extract(tar, target)
        except (tarfile.TarError, EOFError, OSError) as problem:
            raise FleetError(f"Failed to extract model data archive from {uri}: {problem}") from None
        archive.unlink()


def _model_data(container: dict[str, Any]) -> str | None:
    """The S3 URI of model.tar.gz, by either of its members."""
    if "ModelDataUrl" in container:
        return str(container["ModelDataUrl"])
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if source is None:
        return None
    if source["S3DataType"] != "S3Object" or source["CompressionType"] != "Gzip":
        raise FleetError("ModelDataSource: the embedded cloud reads one gzipped S3Object")
    return str(source["S3Uri"])
