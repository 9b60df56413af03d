"""What SageMaker does in a role's name to tell how a job or an endpoint is doing."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from infra_cdk.policy import allow


def allow_sagemaker_telemetry(
    role: iam.Role, *, log_group: str, streams: str, namespaces: tuple[str, ...], creates_group: bool
) -> None:
    """Log lines and metrics of what runs under the role (SageMaker Developer Guide, "How to use SageMaker AI
    execution roles": the permissions of CreateTrainingJob's and CreateModel's role).

    A log group that the stack owns can't be made again by the role: `creates_group` is for one that belongs
    to nobody. CloudWatch Logs checks CreateLogGroup against `log-group:NAME:log-stream:`, as published
    refusals of it show.
    """
    stack = cdk.Stack.of(role)
    group = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:{log_group}"
    if creates_group:
        allow(role, "logs:CreateLogGroup", on=[group, f"{group}:log-stream:"])
    allow(
        role,
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
        on=[group, f"{group}:log-stream:{streams}"],
        because="A stream is named at run time, after its job or its instance.",
    )
    allow(
        role,
        "cloudwatch:PutMetricData",
        on="*",
        when={"StringEquals": {"cloudwatch:namespace": list(namespaces)}},
        because="Metrics name no resource; their namespace bounds them.",
    )
