"""The embedded SageMaker: training jobs, models, endpoints, the model registry and MLflow apps.

`install(cloud)` adds it to ministack's registries; see `service.py` for how its parts fit together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.host.cloud import Cloud


def install(cloud: Cloud) -> None:
    """Add SageMaker to the gateway."""
    from localcloud.services.sagemaker.plugin import install as install_plugin

    install_plugin(cloud)
