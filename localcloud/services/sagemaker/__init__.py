"""The embedded SageMaker: training jobs, models, endpoints, the model registry and MLflow apps.

`install(cloud)` adds it to ministack's registries; see `service.py` for how its parts fit together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.host.cloud import Cloud
    from localcloud.services.sagemaker.service import SageMaker

_service: SageMaker | None = None


def install(cloud: Cloud) -> None:
    """Add SageMaker to the gateway."""
    from localcloud.services.sagemaker.plugin import install as install_plugin

    global _service
    _service = install_plugin(cloud)


def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """An operation as another service of AWS asks for it, from any thread; raises SageMakerError."""
    from localcloud.services.sagemaker.plugin import call_from_anywhere

    return call_from_anywhere(_installed(), operation, request)


def refuse_new_types(is_scaled: Callable[[str, str], bool]) -> None:
    """Updates that give a variant another instance type are refused while `is_scaled(endpoint, variant)`."""
    _installed().endpoints.is_scaled = is_scaled


def _installed() -> SageMaker:
    if _service is None:
        raise RuntimeError("localcloud.services.sagemaker.install(cloud) has not been called")
    return _service
