"""What every construct of one pipeline at one stage is built with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from contracts.deployment import DeploymentPolicy
from contracts.names import Names
from contracts.pipeline_config import PipelineConfig
from infra_cdk.data.encryption import Encryption
from infra_cdk.network.vpc import PrivateNetwork
from infra_cdk.stages import StageSettings


@dataclass(frozen=True, kw_only=True)
class Context:
    """`root` is the repository's folder, `network` None where the stage has no VPC of its own."""

    root: Path
    config: PipelineConfig
    names: Names
    stage: StageSettings
    encryption: Encryption
    network: PrivateNetwork | None

    @property
    def deployment(self) -> DeploymentPolicy:
        """The stage's policy."""
        return self.config.deployments[self.stage.name]
