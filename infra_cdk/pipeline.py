"""The state machine: `step_functions/ml_pipeline.asl.json` with the names of what it calls filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from contracts.instances import has_local_storage
from contracts.names import Names
from infra_cdk.encryption import Encryption
from infra_cdk.function import PipelineFunction
from infra_cdk.network import PrivateNetwork
from infra_cdk.policy import acknowledge, allow, on_behalf_of
from infra_cdk.stages import Stage
from infra_cdk.training import Training

DEFINITION = "step_functions/ml_pipeline.asl.json"
# The managed rule by which Step Functions learns that a job ended (Step Functions Developer Guide, "IAM
# policies for SageMaker AI").
TRAINING_RULE = "StepFunctionsGetEventsForSageMakerTrainingJobsRule"
EXECUTION_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
TRAINING_STATE = "TrainModel"
PARTS_STATE = "IngestParts"
TRAINING_VPC = {
    "SecurityGroupIds": ["${TrainingSecurityGroupId}"],
    "Subnets": "{% $split('${TrainingSubnetIds}', ',') %}",
}


def definition(root: Path, *, in_vpc: bool, training_instance_type: str) -> str:
    """The file as it is, but for what SageMaker takes from some training jobs only.

    In a VPC the job says so, which without one it can't: an empty VpcConfig is refused. A local disk takes no
    key.
    """
    text = (root / DEFINITION).read_text(encoding="utf-8")
    is_local = has_local_storage(training_instance_type)
    if not in_vpc and not is_local:
        return text
    document = json.loads(text)
    arguments = document["States"][TRAINING_STATE]["Arguments"]
    if in_vpc:
        arguments["VpcConfig"] = TRAINING_VPC
    if is_local:
        del arguments["ResourceConfig"]["VolumeKmsKeyId"]
    return json.dumps(document, indent=2, ensure_ascii=False)


class Pipeline(Construct):
    """A standard workflow that logs every event with its data, and is traced."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        root: Path,
        names: Names,
        stage: Stage,
        encryption: Encryption,
        network: PrivateNetwork | None,
        substitutions: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        self._names, self._network = names, network
        self.role = iam.Role(
            self,
            "Role",
            description=f"The state machine {names.state_machine}",
            assumed_by=on_behalf_of(self, "states", f"stateMachine:{names.state_machine}"),
        )
        self.log_group = logs.LogGroup(
            self,
            "Log",
            # This prefix keeps the log's resource policy within its size limit (Step Functions Developer
            # Guide, "Using CloudWatch Logs to log execution history").
            log_group_name=f"/aws/vendedlogs/states/{names.state_machine}",
            retention=stage.log_retention,
            encryption_key=encryption.key,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=names.state_machine,
            state_machine_type=sfn.StateMachineType.STANDARD,
            definition_body=sfn.DefinitionBody.from_string(
                definition(
                    root,
                    in_vpc=network is not None,
                    training_instance_type=substitutions["TrainingInstanceType"],
                )
            ),
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

    @property
    def own_arns(self) -> list[str]:
        """The state machine and its executions."""
        return [self.arn, self._executions]

    @property
    def _executions(self) -> str:
        return self._named("execution", f"{self._names.state_machine}:*")

    def _named(self, resource: str, name: str) -> str:
        """An ARN made of names: the role comes before the state machine, and can't refer to it."""
        return cdk.Stack.of(self).format_arn(
            service="states",
            resource=resource,
            resource_name=name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )

    def allow_invoking(self, functions: Mapping[str, PipelineFunction]) -> None:
        allow(self.role, "lambda:InvokeFunction", on=[function.arn for function in functions.values()])

    def allow_training(self, training: Training) -> None:
        """A job run with `.sync`: start it, learn that it ended, stop it, and hand it its role."""
        stack, jobs = cdk.Stack.of(self), training.job_arns
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
        rule = stack.format_arn(service="events", resource="rule", resource_name=TRAINING_RULE)
        allow(self.role, "events:DescribeRule", "events:PutRule", "events:PutTargets", on=rule)
        conditions = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        allow(self.role, "iam:PassRole", on=training.role.role_arn, when=conditions)

    def allow_distributing(self) -> None:
        """A distributed Map starts the state machine's own children, follows and stops them, and starts those
        again that failed (Step Functions Developer Guide, "IAM policies for using Distributed Map states"; a
        child's ARN holds the Map's label)."""
        name = self._names.state_machine
        allow(self.role, "states:StartExecution", on=self._named("stateMachine", name))
        children = self._named("execution", f"{name}/{PARTS_STATE}:*")
        because = "A distributed Map names its children at run time."
        actions = ("states:DescribeExecution", "states:StopExecution")
        allow(self.role, *actions, on=[self._executions, children], because=because)
        allow(self.role, "states:RedriveExecution", on=children, because=because)

    def allow_waiting_for_itself(self) -> None:
        """RestoreEndpoint starts an execution of this very machine, as the distributed Map does.

        It learns of its end by a managed rule (Step Functions Developer Guide, "IAM policies for calling Step
        Functions workflow executions").
        """
        stack = cdk.Stack.of(self)
        rule = stack.format_arn(service="events", resource="rule", resource_name=EXECUTION_RULE)
        allow(self.role, "events:DescribeRule", "events:PutRule", "events:PutTargets", on=rule)

    def allow_starting(self, role: iam.Role) -> None:
        allow(role, "states:StartExecution", on=self.arn)

    def allow_describing(self, role: iam.Role) -> None:
        allow(
            role,
            "states:DescribeExecution",
            on=self._executions,
            because="Executions are named at run time, after the upload.",
        )

    def allow_stopping(self, role: iam.Role) -> None:
        allow(role, "states:ListExecutions", on=self.arn)
        allow(
            role,
            "states:StopExecution",
            on=self._executions,
            because="Executions are named at run time, after the upload.",
        )
