"""The state machine of a batch: `step_functions/batch.asl.yaml` with the names of what it calls filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from contracts.batch import BatchScoring
from contracts.instances import has_local_storage
from infra_cdk.context import Context
from infra_cdk.policy import acknowledge, allow, on_behalf_of
from step_functions.loading import as_json, load

DEFINITION = "step_functions/batch.asl.yaml"
# The managed rule by which Step Functions learns that a job ended (Step Functions Developer Guide, "IAM
# policies for SageMaker AI", CreateTransformJob.sync).
TRANSFORM_RULE = "StepFunctionsGetEventsForSageMakerTransformJobsRule"
# What a job may wait for an instance, and what the two functions may take with their retries.
QUEUEING_SECONDS, FUNCTIONS_SECONDS = 18_000, 16_000


class BatchMachine(Construct):
    """A standard workflow, logged and traced as the pipeline's is."""

    def __init__(
        self, scope: Construct, construct_id: str, context: Context, *, substitutions: Mapping[str, str]
    ) -> None:
        super().__init__(scope, construct_id)
        self._names, name = context.names, context.names.batch_machine
        self.role = iam.Role(
            self,
            "Role",
            description=f"The state machine {name}",
            assumed_by=on_behalf_of(self, "states", f"stateMachine:{name}"),
        )
        self.log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/vendedlogs/states/{name}",
            retention=context.stage.log_retention,
            encryption_key=context.encryption.key,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=name,
            state_machine_type=sfn.StateMachineType.STANDARD,
            definition_body=sfn.DefinitionBody.from_string(as_json(_definition(context))),
            definition_substitutions=dict(substitutions),
            role=self.role,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=self.log_group, level=sfn.LogLevel.ALL, include_execution_data=True
            ),
        )
        self.arn = self.state_machine.state_machine_arn
        acknowledge(
            self.role,
            "AwsSolutions-IAM5[Resource::*]",
            "Log delivery and X-Ray name no resource (Step Functions Developer Guide, logging and tracing).",
        )

    def allow_transforming(self, job_arns: str) -> None:
        """A job run with `.sync`: start it, learn that it ended, stop it."""
        actions = (
            "AddTags",
            "CreateTransformJob",
            "DescribeTransformJob",
            "ListTags",
            "StopTransformJob",
        )
        because = "Transform jobs are named at run time, after their execution."
        allow(self.role, *(f"sagemaker:{action}" for action in actions), on=job_arns, because=because)
        stack = cdk.Stack.of(self)
        rule = stack.format_arn(service="events", resource="rule", resource_name=TRANSFORM_RULE)
        allow(self.role, "events:DescribeRule", "events:PutRule", "events:PutTargets", on=rule)

    def allow_starting(self, role: iam.Role) -> None:
        allow(role, "states:StartExecution", on=self.arn)

    def allow_stopping(self, role: iam.Role) -> None:
        allow(role, "states:ListExecutions", on=self.arn)
        executions = cdk.Stack.of(self).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{self._names.batch_machine}:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        because = "Executions are named at run time, by EventBridge."
        allow(role, "states:StopExecution", on=executions, because=because)


def _definition(context: Context) -> dict[str, Any]:
    """With the numbers, which CloudFormation's substitutions can't say."""
    wanted: BatchScoring = context.config.batch
    limit = wanted.max_runtime_seconds + QUEUEING_SECONDS
    values = {
        "BatchConcurrency": wanted.concurrency,
        "BatchPayloadMb": wanted.payload_mb,
        "BatchTimeoutSeconds": limit,
        "BatchVolumeKeyArn": None if has_local_storage(wanted.instance_type) else "${ArtifactKeyArn}",
        "ExecutionTimeoutSeconds": limit + FUNCTIONS_SECONDS,
    }
    return load(context.root / DEFINITION, values)
