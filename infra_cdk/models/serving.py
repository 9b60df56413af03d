"""What the stack owns of the endpoint: its name, its role, its log group. The state machine owns the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from contracts import metrics
from contracts.names import Names
from infra_cdk.context import Context
from infra_cdk.models.telemetry import allow_sagemaker_telemetry
from infra_cdk.network.vpc import PrivateNetwork
from infra_cdk.policy import allow, on_behalf_of


class Serving(Construct):
    """CloudFormation can't own the endpoint: before the first model there is none, and afterwards its record
    of the endpoint's config would be stale."""

    def __init__(self, scope: Construct, construct_id: str, context: Context) -> None:
        super().__init__(scope, construct_id)
        stack, names = cdk.Stack.of(self), context.names
        self.log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=names.endpoint_log_group,
            retention=context.stage.log_retention,
            encryption_key=context.encryption.key,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self._filter_shifts(names)
        self.role = iam.Role(
            self,
            "Role",
            description=f"The endpoint {names.endpoint}: its model, its image, its captures",
            # The guide asks not to name a model or an endpoint here (SageMaker Developer Guide,
            # "Cross-service confused deputy prevention", inference).
            assumed_by=on_behalf_of(self, "sagemaker", "*"),
        )
        allow_sagemaker_telemetry(
            self.role,
            log_group=names.endpoint_log_group,
            streams="*",
            namespaces=(metrics.ENDPOINT_NAMESPACE, metrics.FLEET_NAMESPACE),
            creates_group=False,
        )
        self._sagemaker = {
            kind: stack.format_arn(service="sagemaker", resource=kind, resource_name=name)
            for kind, name in (
                ("endpoint", names.endpoint),
                ("endpoint-config", f"{names.prefix}-*"),
                ("model", f"{names.prefix}-*"),
            )
        }
        alarms = f"arn:{stack.partition}:cloudwatch:{stack.region}:{stack.account}:alarm"
        self.all_alarms = f"{alarms}:*"
        self.rollback_alarms = f"{alarms}:{names.rollback_alarm_prefix}*"
        self._scaling_alarms = [
            f"{alarms}:{names.scaling_alarm_prefix}*",
            f"{alarms}:TargetTracking-endpoint/{names.endpoint}/variant/*",
        ]
        self._scalable_targets = stack.format_arn(
            service="application-autoscaling", resource="scalable-target", resource_name="*"
        )

    @property
    def own_arns(self) -> list[str]:
        """The endpoint, and the models and endpoint configs behind it."""
        return list(self._sagemaker.values())

    def _filter_shifts(self, names: Names) -> None:
        """SageMaker passes the containers' output on as it is: embedded metrics in it are not extracted."""
        self.log_group.add_metric_filter(
            "PredictionShift",
            filter_name=metrics.PREDICTION_SHIFT,
            filter_pattern=logs.FilterPattern.string_value("$.event", "=", metrics.PREDICTIONS_EVENT),
            metric_namespace=names.metric_namespace,
            metric_name=metrics.PREDICTION_SHIFT,
            metric_value=f"$.{metrics.PREDICTIONS_SHIFT_FIELD}",
            dimensions={metrics.CONFIG_DIMENSION: f"$.{metrics.PREDICTIONS_CONFIG_FIELD}"},
        )

    def allow(
        self,
        role: iam.Role,
        *actions: str,
        on: tuple[str, ...] = ("endpoint",),
        when: Mapping[str, Any] | None = None,
    ) -> None:
        """SageMaker actions on the pipeline's endpoint, endpoint configs or models."""
        allow(
            role,
            *(f"sagemaker:{action}" for action in actions),
            on=[self._sagemaker[kind] for kind in on],
            when=when,
            because="Models and endpoint configs are named at run time, after their training job.",
        )

    def allow_isolated_models(self, role: iam.Role, network: PrivateNetwork | None) -> None:
        """A model whose container could call out, or outside of the VPC that there is, can't be made (Service
        Authorization Reference, `sagemaker:NetworkIsolation`)."""
        self.allow(role, "AddTags", on=("model",))
        placed = network.placement if network else {}
        conditions = {"Bool": {"sagemaker:NetworkIsolation": "true"}, **placed}
        self.allow(role, "CreateModel", on=("model",), when=conditions)

    def allow_listing(self, role: iam.Role, *actions: str) -> None:
        allow(
            role,
            *(f"sagemaker:{action}" for action in actions),
            on="*",
            because="Listing names no resource (Service Authorization Reference, Amazon SageMaker).",
        )

    def allow_rollback_alarms(self, role: iam.Role, *actions: str) -> None:
        """Actions on the alarms that a deployment puts for its green fleet."""
        allow(
            role,
            *(f"cloudwatch:{action}" for action in actions),
            on=self.rollback_alarms,
            because="Rollback alarms are named at run time, after the endpoint config that they watch.",
        )

    def allow_finding_alarms(self, role: iam.Role) -> None:
        allow(
            role,
            "cloudwatch:DescribeAlarms",
            on=self.all_alarms,
            because="CloudWatch checks DescribeAlarms against every alarm, whatever names are asked for.",
        )

    def allow_scaling(self, role: iam.Role, *actions: str) -> None:
        """Changes of scalable targets; of endpoints' variants, not of other services' resources."""
        keys = {
            "service-namespace": "sagemaker",
            "scalable-dimension": "sagemaker:variant:DesiredInstanceCount",
        }
        allow(
            role,
            *(f"application-autoscaling:{action}" for action in actions),
            on=self._scalable_targets,
            when={"StringEquals": {f"application-autoscaling:{key}": value for key, value in keys.items()}},
            because="A scalable target's ARN holds a random id; the endpoint is not in it.",
        )

    def allow_seeing_scaling(self, role: iam.Role) -> None:
        described = ("ScalableTargets", "ScalingPolicies", "ScheduledActions")
        allow(
            role,
            *(f"application-autoscaling:Describe{what}" for what in described),
            on="*",
            because="Descriptions name no resource (Service Authorization Reference).",
        )

    def allow_scaling_alarms(self, role: iam.Role, *actions: str) -> None:
        """Actions on the alarms that scale the fleet: our own, and those of target tracking."""
        allow(
            role,
            *(f"cloudwatch:{action}" for action in actions),
            on=self._scaling_alarms,
            because="Application Auto Scaling names its alarms itself, after the endpoint and at random.",
        )

    def allow_scaling_role(self, role: iam.Role) -> None:
        """The account's first scalable target of SageMaker makes the role that scales (User Guide,
        "Service-linked roles for Application Auto Scaling")."""
        name = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
        place = "aws-service-role/sagemaker.application-autoscaling.amazonaws.com"
        stack = cdk.Stack.of(self)
        allow(
            role,
            "iam:CreateServiceLinkedRole",
            on=f"arn:{stack.partition}:iam::{stack.account}:role/{place}/{name}",
            when={"StringLike": {"iam:AWSServiceName": "sagemaker.application-autoscaling.amazonaws.com"}},
        )

    def allow_measuring(self, role: iam.Role) -> None:
        allow(
            role,
            "cloudwatch:GetMetricStatistics",
            on="*",
            because="Metrics name no resource (Service Authorization Reference, Amazon CloudWatch).",
        )

    def allow_passing_role(self, role: iam.Role) -> None:
        conditions = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        allow(role, "iam:PassRole", on=self.role.role_arn, when=conditions)
