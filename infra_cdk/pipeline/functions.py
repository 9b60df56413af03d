"""The Lambdas of the state machine: one construct per state, with the settings that its handler reads."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra_cdk.context import Context
from infra_cdk.functions.bundle import zip_code
from infra_cdk.functions.environment import SettingsSource
from infra_cdk.functions.function import FunctionSize, PipelineFunction, handler_of
from infra_cdk.models.images import Images

PIPELINE_CONFIG_PATH = "/opt/program/pipeline.toml"  # where lambdas/Dockerfile puts it
# All the scratch space that Lambda has: an upload of 5 GB, and beside it what is made of it.
DATA = FunctionSize(memory_mib=2048, timeout_seconds=900, scratch_mib=10240)
LISTING = FunctionSize(memory_mib=512, timeout_seconds=300)
CONTROL = FunctionSize(memory_mib=256, timeout_seconds=60)
# The states whose functions share a zip; the others run from the image.
ZIPPED = (
    "CheckPreconditions",
    "RegisterModel",
    "AcquireLease",
    "FindPreviousChampion",
    "DeployModel",
    "CheckDeployment",
    "ReturnHome",
    "PromoteChampion",
    "RejectChallenger",
    "ReleaseLease",
)


class Functions(Construct):
    """Attributes are the states' names in snake case; `by_state` maps the states themselves."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        images: Images,
        settings: SettingsSource,
    ) -> None:
        super().__init__(scope, construct_id)
        self._context, self._images = context, images
        self._zip_code, self._settings = zip_code(context.root, ZIPPED), settings
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

    def _from_image(self, state: str, size: FunctionSize = DATA) -> PipelineFunction:
        image = self._images.lambdas
        code = lambda_.DockerImageCode.from_ecr(
            image.repository, tag_or_digest=image.image_tag, cmd=[handler_of(state)]
        )
        return self._add(state, code, size)

    def _add(
        self, state: str, code: lambda_.Code | lambda_.DockerImageCode, size: FunctionSize
    ) -> PipelineFunction:
        self.by_state[state] = function = PipelineFunction(
            self,
            state,
            self._context,
            code=code,
            settings=self._settings.settings_of(state),
            size=size,
        )
        return function
