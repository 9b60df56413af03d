"""The Lambdas of the state machine: one construct per state, with the settings that its handler reads."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from contracts.names import Names
from infra_cdk.data.encryption import Encryption
from infra_cdk.functions.environment import Environment
from infra_cdk.functions.function import PipelineFunction, Size, handler_of
from infra_cdk.models.images import Images
from infra_cdk.network.vpc import PrivateNetwork
from infra_cdk.stages import Stage

PIPELINE_CONFIG_PATH = "/opt/program/pipeline.toml"  # where lambdas/Dockerfile puts it
# All the scratch space that Lambda has: an upload of 5 GB, and beside it what is made of it.
DATA = Size(memory_mib=2048, timeout_seconds=900, scratch_mib=10240)
LISTING = Size(memory_mib=512, timeout_seconds=300)
CONTROL = Size(memory_mib=256, timeout_seconds=60)


class Functions(Construct):
    """Attributes are the states' names in snake case; `by_state` maps the states themselves."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        stage: Stage,
        encryption: Encryption,
        network: PrivateNetwork | None,
        images: Images,
        zip_code: lambda_.Code,
        environment: Environment,
    ) -> None:
        super().__init__(scope, construct_id)
        self._names, self._stage, self._encryption, self._images = names, stage, encryption, images
        self._network, self._zip_code, self._environment = network, zip_code, environment
        self.by_state: dict[str, PipelineFunction] = {}
        self.check_preconditions = self._from_zip("CheckPreconditions")
        self.ingest_data = self._from_image("IngestData")
        self.list_parts = self._from_image("ListParts", LISTING)
        self.ingest_part = self._from_image("IngestPart")
        self.merge_parts = self._from_image("MergeParts")
        self.evaluate_model = self._from_image("EvaluateModel")
        self.register_model = self._from_zip("RegisterModel")
        self.acquire_lease = self._from_zip("AcquireLease")
        self.find_previous_champion = self._from_zip("FindPreviousChampion")
        self.deploy_model = self._from_zip("DeployModel")
        self.check_deployment = self._from_zip("CheckDeployment")
        self.return_home = self._from_zip("ReturnHome")
        self.promote_champion = self._from_zip("PromoteChampion")
        self.reject_challenger = self._from_zip("RejectChallenger")
        self.release_lease = self._from_zip("ReleaseLease")

    def _from_zip(self, state: str) -> PipelineFunction:
        return self._add(state, self._zip_code, CONTROL)

    def _from_image(self, state: str, size: Size = DATA) -> PipelineFunction:
        image = self._images.lambdas
        code = lambda_.DockerImageCode.from_ecr(
            image.repository, tag_or_digest=image.image_tag, cmd=[handler_of(state)]
        )
        return self._add(state, code, size)

    def _add(self, state: str, code: lambda_.Code | lambda_.DockerImageCode, size: Size) -> PipelineFunction:
        self.by_state[state] = function = PipelineFunction(
            self,
            state,
            names=self._names,
            stage=self._stage,
            encryption=self._encryption,
            network=self._network,
            code=code,
            settings=self._environment.settings_of(state),
            size=size,
        )
        return function
