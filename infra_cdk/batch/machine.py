"""The state machine of a batch: `step_functions/batch.asl.yaml` with the names of what it calls filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from constructs import Construct

from contracts.batch import BatchScoring
from contracts.instances import has_local_storage
from infra_cdk.context import Context
from infra_cdk.policy import allow
from infra_cdk.workflow import Workflow
from step_functions.loading import load

DEFINITION = "step_functions/batch.asl.yaml"
# The managed rule by which Step Functions learns that a job ended (Step Functions Developer Guide, "IAM
# policies for SageMaker AI", CreateTransformJob.sync).
TRANSFORM_RULE = "StepFunctionsGetEventsForSageMakerTransformJobsRule"
# What a job may wait for an instance, and what the two functions may take with their retries.
QUEUEING_SECONDS, FUNCTIONS_SECONDS = 18_000, 16_000


class BatchMachine(Workflow):
    """The workflow that answers a file."""

    WHY_A_PATTERN = "Executions are named at run time, by EventBridge."

    def __init__(
        self, scope: Construct, construct_id: str, context: Context, *, substitutions: Mapping[str, str]
    ) -> None:
        super().__init__(scope, construct_id, context, name=context.names.batch_machine)
        self.define(_definition(context), substitutions)

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
        self.allow_managed_rule(TRANSFORM_RULE)


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
