"""The state machine: `step_functions/ml_pipeline.asl.yaml` with the names of what it calls filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct

from contracts.deployment import MAX_EXECUTION_SECONDS, MAX_RETURNS, DeploymentPolicy
from contracts.instances import has_local_storage
from contracts.layout import MAX_UPLOAD_PARTS
from contracts.training import Training as TrainingSettings
from infra_cdk.context import Context
from infra_cdk.functions.function import PipelineFunction
from infra_cdk.models.training import Training
from infra_cdk.policy import allow
from infra_cdk.workflow import Workflow
from step_functions.loading import bypass, load
from step_functions.time_limit import Bounds, execution_seconds

DEFINITION = "step_functions/ml_pipeline.asl.yaml"
# The managed rule by which Step Functions learns that a job ended (Step Functions Developer Guide, "IAM
# policies for SageMaker AI").
TRAINING_RULE = "StepFunctionsGetEventsForSageMakerTrainingJobsRule"
EXECUTION_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
TRAINING_STATE = "TrainModel"
PARTS_STATE = "IngestParts"
# What a stage that asks nobody does without.
APPROVAL_STATES = ("IsApprovalNeeded", "AskApprovers", "RequestApproval", "IsApproved")
TRAINING_VPC = {
    "SecurityGroupIds": ["${TrainingSecurityGroupId}"],
    "Subnets": "{% $split('${TrainingSubnetIds}', ',') %}",
}
# What a job may wait for an instance, beside its own time.
QUEUEING_SECONDS = 18_000


def definition(
    root: Path, *, in_vpc: bool, training: TrainingSettings, deployment: DeploymentPolicy
) -> dict[str, Any]:
    """The state machine of one stage, with what CloudFormation's substitutions can't say: numbers, and what
    SageMaker takes from some training jobs only.
    """
    training_seconds = training.max_runtime_seconds + QUEUEING_SECONDS
    values: dict[str, Any] = {
        "ApprovalTimeoutSeconds": deployment.approval_timeout_hours * 3600,
        "TrainingMaxRuntimeSeconds": training.max_runtime_seconds,
        "TrainingTimeoutSeconds": training_seconds,
        "TrainingVolumeKeyArn": None if has_local_storage(training.instance_type) else "${ArtifactKeyArn}",
        "TrainingVpcConfig": TRAINING_VPC if in_vpc else None,
    }
    path = root / DEFINITION
    bounds = Bounds(
        training_seconds=training_seconds,
        deployment_seconds=(1 + MAX_RETURNS) * MAX_EXECUTION_SECONDS + deployment.evidence_wait_seconds,
        map_items=MAX_UPLOAD_PARTS,
    )
    limit = execution_seconds(_asking(load(path, values), deployment), bounds)
    return _asking(load(path, {**values, "ExecutionTimeoutSeconds": limit}), deployment)


def _asking(whole: dict[str, Any], deployment: DeploymentPolicy) -> dict[str, Any]:
    return whole if deployment.asks_a_person else bypass(whole, APPROVAL_STATES, to="AcquireLease")


class TrainingPipeline(Workflow):
    """The workflow from an upload to the champion."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        substitutions: Mapping[str, str],
        definition: Mapping[str, Any],
    ) -> None:
        super().__init__(scope, construct_id, context, name=context.names.state_machine)
        self._names, self._network = context.names, context.network
        self.define(definition, substitutions)

    @property
    def own_arns(self) -> list[str]:
        """The state machine and its executions."""
        return [self.arn, self.executions]

    def allow_invoking(self, functions: Mapping[str, PipelineFunction]) -> None:
        allow(self.role, "lambda:InvokeFunction", on=[function.arn for function in functions.values()])

    def allow_training(self, training: Training) -> None:
        """A job run with `.sync`: start it, learn that it ended, stop it, and hand it its role."""
        jobs = training.job_arns
        because = "Training jobs are named at run time, after their execution."
        # Step Functions Developer Guide, "IAM policies for SageMaker AI" (CreateTrainingJob.sync).
        others = (
            "sagemaker:AddTags",
            "sagemaker:DescribeTrainingJob",
            "sagemaker:ListTags",
            "sagemaker:StopTrainingJob",
        )
        allow(self.role, *others, on=jobs, because=because)
        placed = self._network.placement if self._network else None
        allow(self.role, "sagemaker:CreateTrainingJob", on=jobs, when=placed, because=because)
        self.allow_managed_rule(TRAINING_RULE)
        conditions = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        allow(self.role, "iam:PassRole", on=training.role.role_arn, when=conditions)

    def allow_distributing(self) -> None:
        """A distributed Map starts the state machine's own children, follows and stops them, and starts those
        again that failed (Step Functions Developer Guide, "IAM policies for using Distributed Map states"; a
        child's ARN holds the Map's label)."""
        name = self._names.state_machine
        allow(self.role, "states:StartExecution", on=self.named("stateMachine", name))
        children = self.named("execution", f"{name}/{PARTS_STATE}:*")
        because = "A distributed Map names its children at run time."
        actions = ("states:DescribeExecution", "states:StopExecution")
        allow(self.role, *actions, on=[self.executions, children], because=because)
        allow(self.role, "states:RedriveExecution", on=children, because=because)

    def allow_waiting_for_itself(self) -> None:
        """RestoreEndpoint starts an execution of this very machine, as the distributed Map does.

        It learns of its end by a managed rule (Step Functions Developer Guide, "IAM policies for calling Step
        Functions workflow executions").
        """
        self.allow_managed_rule(EXECUTION_RULE)

    def allow_describing(self, role: iam.Role) -> None:
        allow(
            role,
            "states:DescribeExecution",
            on=self.executions,
            because=self.WHY_A_PATTERN,
        )
