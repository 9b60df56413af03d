"""What is added to ministack, in the order in which it is added."""

from __future__ import annotations

import importlib

from localcloud.host.cloud import Cloud
from localcloud.iam import authentication

_MODULES = (
    "localcloud.services.lambda_functions",
    "localcloud.services.stepfunctions",
    "localcloud.services.cloudcontrol",
    "localcloud.services.ecr.registry",
    "localcloud.services.s3.bucket_properties",
    "localcloud.ministack_adapter.faults.s3_events_without_version",
    "localcloud.iam.key_use",
    "localcloud.services.sns.topics",
    "localcloud.services.eventbridge.deliveries",
    "localcloud.services.ec2.network",
    "localcloud.deploy.references",
    "localcloud.deploy.template_rules",
    "localcloud.deploy.drift",
    "localcloud.iam.pass_role",
    "localcloud.iam.simulator",
    "localcloud.services.sqs.message_moves",
    "localcloud.services.sqs.urls",
    "localcloud.services.sqs.metrics",
    "localcloud.services.kinesis",
    "localcloud.services.budgets",
    "localcloud.services.cloudtrail",
    "localcloud.services.cloudwatch",
    "localcloud.services.scheduler",
    "localcloud.services.sagemaker",
    "localcloud.services.autoscaling",
    "localcloud.host.unsigned_pages",
    "localcloud.faults",  # last: around all the others
)


def install(cloud: Cloud) -> None:
    """Install every plug-in; each mends or adds one service."""
    authentication.install()
    for name in _MODULES:
        importlib.import_module(name).install(cloud)
