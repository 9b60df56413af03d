"""Each function's environment, spelled once: the stack writes it, the handler reads the same class."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Self


class MissingSettingError(RuntimeError):
    """The function's environment lacks a variable; the message names each one."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A function's settings; the field `lease_table_name` is the variable `LEASE_TABLE_NAME`."""

    MAY_BE_EMPTY: ClassVar[frozenset[str]] = frozenset()

    def as_environment(self) -> dict[str, str]:
        return {field.name.upper(): str(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Raises MissingSettingError that names every gap at once."""
        names = [field.name for field in fields(cls)]
        given = {name for name in names if environment.get(name.upper()) or name in cls.MAY_BE_EMPTY}
        missing = [name.upper() for name in names if name not in given]
        if missing:
            raise MissingSettingError(f"{cls.__name__}: the environment lacks {', '.join(missing)}")
        return cls(**{name: environment.get(name.upper(), "") for name in names})


@dataclass(frozen=True, kw_only=True)
class StartExecutionSettings(Settings):
    """After `max_receives` deliveries a message is dead; it goes to the dead-letter queue with its reason."""

    state_machine_arn: str
    dead_letter_queue_url: str
    max_receives: str
    metric_namespace: str


@dataclass(frozen=True, kw_only=True)
class CheckStandingSettings(Settings):
    endpoint_name: str
    model_package_group_name: str
    metric_namespace: str


@dataclass(frozen=True, kw_only=True)
class CheckUploadsSettings(Settings):
    raw_bucket_name: str
    state_machine_arn: str
    metric_namespace: str


@dataclass(frozen=True, kw_only=True)
class CheckPreconditionsSettings(Settings):
    endpoint_name: str
    model_package_group_name: str
    mlflow_tracking_uri: str
    experiment_name: str
    registered_model_name: str


@dataclass(frozen=True, kw_only=True)
class IngestDataSettings(Settings):
    artifact_bucket_name: str
    pipeline_config_path: str
    metric_namespace: str


@dataclass(frozen=True, kw_only=True)
class ListPartsSettings(Settings):
    artifact_bucket_name: str
    pipeline_config_path: str
    metric_namespace: str


@dataclass(frozen=True, kw_only=True)
class IngestPartSettings(Settings):
    artifact_bucket_name: str


@dataclass(frozen=True, kw_only=True)
class MergePartsSettings(Settings):
    artifact_bucket_name: str
    metric_namespace: str


@dataclass(frozen=True, kw_only=True)
class EvaluateModelSettings(Settings):
    artifact_bucket_name: str
    endpoint_name: str
    model_package_group_name: str
    mlflow_tracking_uri: str
    experiment_name: str
    metric_namespace: str


@dataclass(frozen=True, kw_only=True)
class RegisterModelSettings(Settings):
    model_package_group_name: str
    mlflow_tracking_uri: str
    registered_model_name: str
    serving_image_uri: str
    training_image_uri: str


@dataclass(frozen=True, kw_only=True)
class RequestApprovalSettings(Settings):
    """`own_roles` are the names of the roles under which the pipeline itself changes packages, joined by
    commas: what they do is no person's decision. `own_uploaders` likewise, of those that upload retrainings
    and closed hours; `four_eyes` is true or false."""

    MAY_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"own_uploaders"})

    four_eyes: str
    own_uploaders: str
    approval_table_name: str
    approval_timeout_hours: str
    model_package_group_name: str
    own_roles: str


@dataclass(frozen=True, kw_only=True)
class AcquireLeaseSettings(Settings):
    lease_table_name: str
    endpoint_name: str
    model_package_group_name: str
    metric_namespace: str


@dataclass(frozen=True, kw_only=True)
class FindPreviousChampionSettings(Settings):
    endpoint_name: str
    model_package_group_name: str


@dataclass(frozen=True, kw_only=True)
class DeployModelSettings(Settings):
    """As JSON, `deployment_policy` is the stage's DeploymentPolicy, `resource_tags` the tags of what is made
    by name and value, and `endpoint_network` the endpoint's VpcConfig; without a VPC that is empty, as
    `scaling_policy` is without `[scaling]`."""

    MAY_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"endpoint_network", "scaling_policy"})

    scaling_policy: str = ""
    endpoint_name: str
    endpoint_role_arn: str
    endpoint_key_arn: str
    endpoint_network: str
    capture_uri: str
    lease_table_name: str
    rollback_alarm_prefix: str
    alarm_topic_arn: str
    metric_namespace: str
    deployment_policy: str
    resource_tags: str


@dataclass(frozen=True, kw_only=True)
class CheckDeploymentSettings(Settings):
    endpoint_name: str
    lease_table_name: str
    rollback_alarm_prefix: str
    metric_namespace: str


@dataclass(frozen=True, kw_only=True)
class ReturnHomeSettings(Settings):
    endpoint_name: str
    lease_table_name: str


@dataclass(frozen=True, kw_only=True)
class PromoteChampionSettings(Settings):
    endpoint_name: str
    model_package_group_name: str
    mlflow_tracking_uri: str
    registered_model_name: str
    rollback_alarm_prefix: str
    keep_versions: str
    metric_namespace: str


@dataclass(frozen=True, kw_only=True)
class RejectChallengerSettings(Settings):
    endpoint_name: str
    model_package_group_name: str
    mlflow_tracking_uri: str
    registered_model_name: str
    rollback_alarm_prefix: str


@dataclass(frozen=True, kw_only=True)
class ReleaseLeaseSettings(Settings):
    lease_table_name: str
    endpoint_name: str


@dataclass(frozen=True, kw_only=True)
class ReadWindowSettings(Settings):
    """`monitoring_policy` is the stage's `Monitoring` as JSON, here and below."""

    artifact_bucket_name: str
    endpoint_name: str
    model_package_group_name: str
    monitoring_policy: str


@dataclass(frozen=True, kw_only=True)
class JudgeDriftSettings(Settings):
    artifact_bucket_name: str
    monitoring_policy: str


@dataclass(frozen=True, kw_only=True)
class JudgeQualitySettings(Settings):
    artifact_bucket_name: str
    raw_bucket_name: str
    metric_namespace: str
    monitoring_policy: str


@dataclass(frozen=True, kw_only=True)
class PublishMonitoringSettings(Settings):
    artifact_bucket_name: str
    raw_bucket_name: str
    metric_namespace: str
    monitoring_policy: str
    state_machine_arn: str


@dataclass(frozen=True, kw_only=True)
class StartRetrainingSettings(Settings):
    artifact_bucket_name: str
    raw_bucket_name: str
    metric_namespace: str


@dataclass(frozen=True, kw_only=True)
class PredictSettings(Settings):
    endpoint_name: str
    metric_namespace: str
    pipeline_config_path: str
    stage_name: str


@dataclass(frozen=True, kw_only=True)
class AcceptLabelsSettings(Settings):
    raw_bucket_name: str
    pipeline_config_path: str


@dataclass(frozen=True, kw_only=True)
class AuthorizeCallerSettings(Settings):
    """`token_audiences` are joined by blanks, which none of them holds."""

    token_issuer: str
    token_audiences: str
    predict_scope: str
    labels_scope: str


@dataclass(frozen=True, kw_only=True)
class AcceptRecordsSettings(Settings):
    artifact_bucket_name: str
    pipeline_config_path: str
    metric_namespace: str
    refused_queue_url: str
    stage_name: str


@dataclass(frozen=True, kw_only=True)
class CloseHoursSettings(Settings):
    artifact_bucket_name: str
    raw_bucket_name: str
    pipeline_config_path: str
    metric_namespace: str


@dataclass(frozen=True, kw_only=True)
class PullSourceSettings(Settings):
    artifact_bucket_name: str
    raw_bucket_name: str
    pipeline_config_path: str
    metric_namespace: str


@dataclass(frozen=True, kw_only=True)
class PrepareBatchSettings(Settings):
    artifact_bucket_name: str
    endpoint_name: str
    model_package_group_name: str
    batch_role_arn: str
    resource_tags: str


@dataclass(frozen=True, kw_only=True)
class FinishBatchSettings(Settings):
    metric_namespace: str


@dataclass(frozen=True, kw_only=True)
class ScaleFleetSettings(Settings):
    """`scaling_policy` is the stage's `FleetScaling` as JSON."""

    endpoint_name: str
    scaling_policy: str
    scaling_alarm_prefix: str


@dataclass(frozen=True, kw_only=True)
class TeardownSettings(Settings):
    """`buckets_to_empty` is a comma-separated list; a stage that keeps its data has none. Without `[batch]`
    there is no `batch_machine_arn`."""

    MAY_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"buckets_to_empty", "batch_machine_arn"})

    batch_machine_arn: str

    state_machine_arn: str
    endpoint_name: str
    model_package_group_name: str
    rollback_alarm_prefix: str
    training_job_prefix: str
    buckets_to_empty: str
