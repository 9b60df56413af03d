"""Who may do what to which: every grant between the parts of a pipeline, one function per principal.

A role gets the actions that its code calls and no others; `tests/infrastructure/test_access.py` derives them
from the code and compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from contracts import layout
from infra_cdk.pipeline.approval import STATE as APPROVAL_STATE
from infra_cdk.policy import allow

if TYPE_CHECKING:
    from infra_cdk.batch.scoring import Batch
    from infra_cdk.monitoring.monitor import Monitor
    from infra_cdk.network.vpc import PrivateNetwork
    from infra_cdk.pipeline.approval import Approval
    from infra_cdk.scaling.fleet import Scaling
    from infra_cdk.stack import PipelineStack

DATASETS, REJECTED, PARTS = layout.DATASETS.pattern, layout.REJECTED.pattern, layout.PARTS.pattern
TRAINING, EVALUATIONS, MODELS = layout.TRAINING.pattern, layout.EVALUATIONS.pattern, layout.MODELS.pattern
BATCH_INPUT, BATCH_OUTPUT = (layout.BATCHES.within(f"{folder}/*") for folder in ("input", "output"))
TRAIN, HOLDOUT, CONTRACT = (
    layout.DATASETS.within(f"{folder}*") for folder in (layout.TRAIN, layout.HOLDOUT, layout.CONTRACT)
)


def grant_access(stack: PipelineStack) -> None:
    if stack.network:
        _network(stack, stack.network)
    _training_job(stack)
    _endpoint(stack)
    _state_machine(stack)
    _start_execution(stack)
    _check_preconditions(stack)
    _standing(stack, stack.watching.check_standing.role)
    _check_uploads(stack)
    _ingest_data(stack)
    _parts(stack)
    _evaluate_model(stack)
    _register_model(stack)
    if stack.approval:
        _approval(stack, stack.approval)
    _leases(stack)
    _find_previous_champion(stack)
    _deploy_model(stack)
    _check_deployment(stack)
    _return_home(stack)
    _promote_champion(stack)
    _reject_challenger(stack)
    _teardown(stack)
    if stack.monitor:
        _monitor(stack, stack.monitor)
    if stack.batch:
        _batch(stack, stack.batch)
    if stack.scaling:
        _scaling(stack, stack.scaling)


def _network(stack: PipelineStack, network: PrivateNetwork) -> None:
    """Only this pipeline's resources pass the VPC's endpoints; each role's own policy says which of them."""
    network.interfaces.allow_sagemaker(stack.training.role)
    network.interfaces.allow_sagemaker(stack.serving.role)
    endpoints = network.endpoints
    buckets = (stack.storage.raw, stack.storage.artifacts)
    endpoints.admit("s3", "s3:*", on=[bucket.bucket_arn for bucket in buckets])
    endpoints.admit("s3", "s3:*", on=[bucket.arn_for_objects("*") for bucket in buckets])
    endpoints.admit_answers_to_cloudformation()
    endpoints.admit("dynamodb", "dynamodb:*", on=stack.leases.table.table_arn)
    endpoints.admit("mlflow", "sagemaker:CallMlflowAppApi", "sagemaker-mlflow:*", on=stack.tracking.uri)
    endpoints.admit("sqs", "sqs:SendMessage", on=stack.intake.dead_letters.queue_arn)
    endpoints.admit("ecr", "ecr:DescribeImages", on=stack.images.repository_arns)
    endpoints.admit("stepfunctions", "states:*", on=stack.pipeline.own_arns)
    if stack.monitor:
        endpoints.admit("stepfunctions", "states:*", on=stack.monitor.own_arns)
    endpoints.admit("cloudwatch", "cloudwatch:*", on=stack.serving.rollback_alarms)
    endpoints.admit("cloudwatch", "cloudwatch:DescribeAlarms", on=stack.serving.all_alarms)
    endpoints.admit("cloudwatch", "cloudwatch:GetMetricStatistics", on="*")
    endpoints.admit("sagemaker", "sagemaker:*", on=[*stack.serving.own_arns, *stack.registry.own_arns])
    endpoints.admit("sagemaker", "sagemaker:StopTrainingJob", on=stack.training.job_arns)
    endpoints.admit("sagemaker", "sagemaker:StopTransformJob", on=stack.training.transform_job_arns)
    endpoints.admit("sagemaker", "sagemaker:List*", on="*")


def _training_job(stack: PipelineStack) -> None:
    """The holdout lies outside of what it may read."""
    role = stack.training.role
    stack.storage.allow_reading(role, TRAIN, CONTRACT)
    stack.storage.allow_writing(role, TRAINING)
    stack.encryption.allow_volumes(role)
    stack.tracking.allow_calls(role)
    stack.tracking.allow_artifacts(role)
    stack.images.allow_pull(role, stack.images.training)


def _endpoint(stack: PipelineStack) -> None:
    role = stack.serving.role
    # Packages from before archives were copied lie below training.
    stack.storage.allow_reading(role, MODELS, TRAINING)
    stack.storage.allow_writing(role, layout.CAPTURES.pattern)
    stack.images.allow_pull(role, stack.images.serving)
    stack.encryption.allow_volumes(role)


def _state_machine(stack: PipelineStack) -> None:
    stack.pipeline.allow_invoking(stack.functions.by_state)
    stack.pipeline.allow_training(stack.training)
    stack.pipeline.allow_distributing()
    stack.pipeline.allow_waiting_for_itself()
    allow(stack.pipeline.role, "iam:GetRole", on=stack.serving.role.role_arn)
    stack.storage.allow_reading(stack.pipeline.role, layout.PARTS.within(layout.ITEMS_FILE))
    stack.notifications.allow_publishing(stack.pipeline.role)


def _start_execution(stack: PipelineStack) -> None:
    stack.pipeline.allow_starting(stack.intake.start_execution.role)


def _check_preconditions(stack: PipelineStack) -> None:
    role = stack.functions.check_preconditions.role
    _standing(stack, role)
    stack.registry.allow(role, "DescribeModelPackageGroup")
    stack.tracking.allow_calls(role)


def _check_uploads(stack: PipelineStack) -> None:
    role = stack.watching.check_uploads.role
    stack.storage.allow_finding_uploads(role)
    stack.pipeline.allow_describing(role)


def _ingest_data(stack: PipelineStack) -> None:
    role = stack.functions.ingest_data.role
    stack.storage.allow_reading_uploads(role)
    stack.storage.allow_writing(role, DATASETS, REJECTED)
    # Nobody rewrites the rows that models were trained on, or will be judged on.
    stack.storage.write_once(TRAIN, HOLDOUT)


def _parts(stack: PipelineStack) -> None:
    """Only what reads rows reads uploads; the merged dataset is made of what lies in the artifact bucket."""
    functions = stack.functions
    for function in (functions.list_parts, functions.ingest_part):
        stack.storage.allow_reading_uploads(function.role)
        stack.storage.allow_writing(function.role, PARTS)
    stack.storage.allow_reading(functions.ingest_part.role, layout.PARTS.within(layout.CONTRACT_FILE))
    stack.storage.allow_reading(functions.merge_parts.role, PARTS)
    stack.storage.allow_writing(functions.merge_parts.role, DATASETS, PARTS, REJECTED)


def _evaluate_model(stack: PipelineStack) -> None:
    role = stack.functions.evaluate_model.role
    stack.storage.allow_reading(role, DATASETS, TRAINING, EVALUATIONS, MODELS)
    stack.storage.allow_writing(role, EVALUATIONS)
    _standing(stack, role)
    stack.tracking.allow_calls(role)
    stack.tracking.allow_adding_artifacts(role)


def _register_model(stack: PipelineStack) -> None:
    """Nobody else writes an archive that may be served, and nobody writes one twice."""
    role = stack.functions.register_model.role
    stack.storage.allow_reading(role, TRAINING)
    stack.storage.allow_writing(role, MODELS)
    stack.storage.reserve(MODELS, role)
    stack.registry.allow(role, "CreateModelPackage", "DescribeModelPackage", "ListModelPackages")
    stack.images.allow_describing(role)
    stack.tracking.allow_calls(role)


def _approval(stack: PipelineStack, approval: Approval) -> None:
    """It alone may answer a task, for every state machine's tokens are alike to IAM."""
    role = approval.request_approval.role
    stack.pipeline.allow_invoking({APPROVAL_STATE: approval.request_approval})
    approval.allow_keeping(role)
    approval.allow_answering(role)
    stack.registry.allow(role, "DescribeModelPackage")
    if stack.trail:
        stack.registry.allow(role, "UpdateModelPackage")
    if stack.network:
        stack.network.endpoints.admit("dynamodb", "dynamodb:*", on=approval.table.table_arn)
        stack.network.endpoints.admit("stepfunctions", "states:SendTaskSuccess", on="*")


def _standing(stack: PipelineStack, role: iam.Role) -> None:
    """To hold what the endpoint serves against the record of deployments."""
    stack.registry.allow(role, "DescribeModelPackage", "ListModelPackages")
    stack.serving.allow(role, "DescribeEndpoint")


def _leases(stack: PipelineStack) -> None:
    """Whoever holds the lease renews it; the champion is looked up under it."""
    functions = stack.functions
    for function in (
        functions.acquire_lease,
        functions.deploy_model,
        functions.check_deployment,
        functions.return_home,
        functions.release_lease,
    ):
        stack.leases.allow(function.role, "GetItem", "PutItem")
    _standing(stack, functions.acquire_lease.role)
    stack.pipeline.allow_describing(functions.acquire_lease.role)


def _find_previous_champion(stack: PipelineStack) -> None:
    _standing(stack, stack.functions.find_previous_champion.role)


def _deploy_model(stack: PipelineStack) -> None:
    """SageMaker reads the rollback alarms, encrypts the fleet's disks and tags what it makes in the name of
    whoever asks for the deployment."""
    role = stack.functions.deploy_model.role
    serving = stack.serving
    serving.allow_isolated_models(role, stack.network)
    serving.allow(role, "AddTags", on=("endpoint", "endpoint-config"))
    serving.allow(role, "CreateEndpointConfig", on=("endpoint-config",))
    serving.allow(role, "CreateEndpoint", "UpdateEndpoint", on=("endpoint", "endpoint-config"))
    serving.allow(role, "DeleteEndpoint", "DescribeEndpoint")
    serving.allow(role, "DescribeEndpointConfig", on=("endpoint-config",))
    serving.allow_passing_role(role)
    serving.allow_rollback_alarms(role, "PutMetricAlarm")
    serving.allow_finding_alarms(role)
    stack.encryption.allow_granting(role)
    if not stack.network:  # where nothing scales
        # Before the fleet gets another instance type.
        serving.allow_scaling(role, "DeregisterScalableTarget")
        serving.allow_scaling_alarms(role, "DeleteAlarms")


def _check_deployment(stack: PipelineStack) -> None:
    role = stack.functions.check_deployment.role
    stack.serving.allow(role, "DescribeEndpoint")
    stack.serving.allow_rollback_alarms(role, "DescribeAlarmHistory")
    stack.serving.allow_finding_alarms(role)
    stack.serving.allow_measuring(role)


def _return_home(stack: PipelineStack) -> None:
    """An update without alarms, to a config that there is; or an alarm put to turn back one under way."""
    role = stack.functions.return_home.role
    stack.serving.allow(role, "DescribeEndpoint")
    stack.serving.allow(role, "UpdateEndpoint", on=("endpoint", "endpoint-config"))
    stack.serving.allow_rollback_alarms(role, "PutMetricAlarm", "SetAlarmState")
    stack.encryption.allow_granting(role)


def _promote_champion(stack: PipelineStack) -> None:
    role = stack.functions.promote_champion.role
    stack.registry.allow(role, "DescribeModelPackage", "ListModelPackages", "UpdateModelPackage")
    stack.tracking.allow_calls(role)
    stack.serving.allow(role, "DescribeEndpoint")
    stack.serving.allow(role, "DeleteModel", "DescribeModel", on=("model",))
    stack.serving.allow(role, "DeleteEndpointConfig", on=("endpoint-config",))
    stack.serving.allow_listing(role, "ListEndpointConfigs")
    stack.serving.allow_rollback_alarms(role, "DeleteAlarms")
    stack.serving.allow_finding_alarms(role)


def _reject_challenger(stack: PipelineStack) -> None:
    """Tripping an alarm is how a deployment that must not go on is told to roll back."""
    role = stack.functions.reject_challenger.role
    stack.registry.allow(role, "DescribeModelPackage", "ListModelPackages", "UpdateModelPackage")
    stack.tracking.allow_calls(role)
    stack.serving.allow(role, "DeleteEndpoint", "DescribeEndpoint")
    stack.serving.allow(role, "DeleteModel", on=("model",))
    stack.serving.allow(role, "DeleteEndpointConfig", on=("endpoint-config",))
    stack.serving.allow_rollback_alarms(role, "DeleteAlarms", "PutMetricAlarm", "SetAlarmState")
    stack.serving.allow_finding_alarms(role)


def _monitor(stack: PipelineStack, monitor: Monitor) -> None:
    """Each state reads what the ones before it wrote, and only the last uploads."""
    storage = stack.storage
    windows, baselines = layout.WINDOWS.pattern, layout.BASELINES.pattern
    verdicts, retrainings = layout.VERDICTS.pattern, layout.RETRAININGS.pattern
    reader, drift = monitor.role_of("ReadWindow"), monitor.role_of("JudgeDrift")
    quality, publisher = monitor.role_of("JudgeQuality"), monitor.role_of("PublishMonitoring")
    starter = monitor.role_of("StartRetraining")
    _standing(stack, reader)
    monitor.allow_listing_runs(reader)
    models = (DATASETS, TRAINING, MODELS)
    storage.allow_reading(reader, layout.CAPTURES.pattern, windows, baselines, EVALUATIONS, *models)
    storage.allow_writing(reader, windows, baselines)
    storage.allow_reading(drift, windows, baselines)
    storage.allow_writing(drift, verdicts, layout.BASELINES.within(layout.FIRST_WINDOW_FILE))
    storage.allow_reading(quality, windows, baselines, retrainings, *models)
    storage.allow_reading_labels(quality)
    storage.allow_writing(quality, verdicts)
    storage.allow_reading(publisher, verdicts, retrainings)
    storage.allow_following_retrainings(publisher)
    storage.allow_writing(publisher, verdicts)
    stack.pipeline.allow_describing(publisher)
    storage.allow_reading(starter, verdicts, retrainings, baselines, DATASETS)
    storage.allow_writing(starter, retrainings)
    storage.allow_adding_uploads(starter, f"{layout.RETRAINING_FOLDER}*")


def _batch(stack: PipelineStack, batch: Batch) -> None:
    """The transform jobs read what PrepareBatch put for them, and write answers; nobody else does."""
    storage, encryption = stack.storage, stack.encryption
    job, prepare, finish = batch.job_role, batch.prepare_batch.role, batch.finish_batch.role
    storage.allow_reading(job, MODELS, TRAINING, BATCH_INPUT)
    storage.allow_writing(job, BATCH_OUTPUT)
    stack.images.allow_pull(job, stack.images.serving)
    encryption.allow_volumes(job)
    storage.allow_reading_batches(prepare)
    storage.allow_reading(prepare, MODELS, TRAINING, layout.BATCHES.pattern)
    storage.allow_writing(prepare, layout.BATCHES.pattern)
    _standing(stack, prepare)
    stack.serving.allow_isolated_models(prepare, stack.network)
    passed = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    allow(prepare, "iam:PassRole", on=job.role_arn, when=passed)
    storage.allow_reading(finish, layout.BATCHES.pattern)
    storage.allow_writing(finish, layout.BATCHES.within(layout.MANIFEST_FILE))
    stack.serving.allow(finish, "DeleteModel", on=("model",))
    machine = batch.machine
    allow(machine.role, "lambda:InvokeFunction", on=[function.arn for function in batch.by_state.values()])
    machine.allow_transforming(stack.training.transform_job_arns)
    encryption.allow_granting(machine.role)
    stack.notifications.allow_publishing(machine.role)
    machine.allow_stopping(stack.teardown.teardown.role)


def _scaling(stack: PipelineStack, scaling: Scaling) -> None:
    """Application Auto Scaling changes the fleet and keeps alarms in the name of whoever registers it (User
    Guide, "Permissions validation for Application Auto Scaling API calls on target resources")."""
    role, serving = scaling.scale_fleet.role, stack.serving
    serving.allow(role, "DescribeEndpoint", "UpdateEndpointWeightsAndCapacities")
    targets = ("RegisterScalableTarget", "DeregisterScalableTarget")
    policies = ("PutScalingPolicy", "DeleteScalingPolicy", "PutScheduledAction", "DeleteScheduledAction")
    serving.allow_scaling(role, *targets, *policies)
    serving.allow_seeing_scaling(role)
    serving.allow_scaling_alarms(role, "PutMetricAlarm", "DeleteAlarms")
    serving.allow_finding_alarms(role)
    serving.allow_measuring(role)
    serving.allow_scaling_role(role)


def _teardown(stack: PipelineStack) -> None:
    role = stack.teardown.teardown.role
    stack.pipeline.allow_stopping(role)
    stack.training.allow_stopping(role)
    stack.registry.allow(role, "DeleteModelPackage", "ListModelPackages")
    stack.serving.allow(role, "DeleteEndpoint", "DescribeEndpoint")
    stack.serving.allow(role, "DeleteModel", on=("model",))
    stack.serving.allow(role, "DeleteEndpointConfig", on=("endpoint-config",))
    stack.serving.allow_listing(role, "ListEndpointConfigs", "ListModels")
    stack.serving.allow_rollback_alarms(role, "DeleteAlarms", "SetAlarmState")
    stack.serving.allow_finding_alarms(role)
    if not stack.stage.retains_data:
        stack.storage.allow_emptying(role)
