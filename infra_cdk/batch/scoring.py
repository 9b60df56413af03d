"""Batch scoring: what a file under `batch/` starts, and what may be done on the way."""

from __future__ import annotations

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contracts import layout
from infra_cdk.batch.machine import BatchMachine
from infra_cdk.context import Context
from infra_cdk.data.storage import Storage
from infra_cdk.functions.bundle import zip_code
from infra_cdk.functions.environment import SettingsSource
from infra_cdk.functions.function import FunctionSize, PipelineFunction, handler_of
from infra_cdk.models.images import Images
from infra_cdk.models.telemetry import allow_sagemaker_telemetry
from infra_cdk.policy import on_behalf_of

# SageMaker's own, shared by every transform job of the account; its metrics' namespace has the same name.
LOG_GROUP = "/aws/sagemaker/TransformJobs"
PREPARING = FunctionSize(memory_mib=2048, timeout_seconds=900, scratch_mib=4096)
FINISHING = FunctionSize(memory_mib=512, timeout_seconds=900)


class Batch(Construct):
    """Rule, state machine, two functions, and the role of the transform jobs."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        images: Images,
        settings: SettingsSource,
        substitutions: dict[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        names, self._context = context.names, context
        self.job_role = iam.Role(
            self,
            "JobRole",
            description=f"Transform jobs of {names.prefix}: their model, their image, their rows",
            # As an endpoint's role: the guide names no source for a model's role.
            assumed_by=on_behalf_of(self, "sagemaker", "*"),
        )
        allow_sagemaker_telemetry(
            self.job_role,
            log_group=LOG_GROUP,
            streams=f"{names.prefix}-*",
            namespaces=(LOG_GROUP,),
            creates_group=True,
        )
        settings = settings.having(batch_role_arn=self.job_role.role_arn)
        image = images.lambdas
        self.prepare_batch = PipelineFunction(
            self,
            "PrepareBatch",
            context,
            code=lambda_.DockerImageCode.from_ecr(
                image.repository, tag_or_digest=image.image_tag, cmd=[handler_of("PrepareBatch")]
            ),
            settings=settings.settings_of("PrepareBatch"),
            size=PREPARING,
        )
        self.finish_batch = PipelineFunction(
            self,
            "FinishBatch",
            context,
            code=zip_code(context.root, ("FinishBatch",)),
            settings=settings.settings_of("FinishBatch"),
            size=FINISHING,
        )
        self.by_state = {"PrepareBatch": self.prepare_batch, "FinishBatch": self.finish_batch}
        self.machine = BatchMachine(
            self,
            "Machine",
            context,
            substitutions={
                **substitutions,
                **{f"{state}Arn": function.arn for state, function in self.by_state.items()},
                "BatchInstanceType": context.config.batch.instance_type,
                "NamePrefix": names.prefix,
            },
        )

    def opens(self, storage: Storage, dead_letters: sqs.Queue) -> None:
        """The rule comes after everything that it starts, and goes first."""
        names = self._context.names
        name = f"{names.prefix}-batch"
        self.rule_role = iam.Role(
            self,
            "RuleRole",
            description=f"The rule {name}: starts the state machine {names.batch_machine}",
            assumed_by=on_behalf_of(self, "events", f"rule/{name}"),
        )
        self.machine.allow_starting(self.rule_role)
        self.rule = events.CfnRule(
            self,
            "Rule",
            name=name,
            description=f"Objects created under {layout.BATCH_UPLOADS.prefix}",
            event_pattern={
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [storage.raw.bucket_name]},
                    "object": {"key": [{"prefix": layout.BATCH_UPLOADS.prefix}]},
                },
            },
            targets=[
                events.CfnRule.TargetProperty(
                    id="Batch",
                    arn=self.machine.arn,
                    role_arn=self.rule_role.role_arn,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=dead_letters.queue_arn),
                )
            ],
        )
        dead_letters.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TheBatchRuleSends",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[dead_letters.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": self.rule.attr_arn}},
            )
        )
