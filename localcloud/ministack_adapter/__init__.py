"""The one place that knows ministack: every symbol of it that this package uses or replaces is declared here.

Nothing else imports ministack. What the contract test checks is read from these declarations.
"""

from __future__ import annotations

from localcloud.ministack_adapter.events import eventbridge, scheduler
from localcloud.ministack_adapter.functions import lambda_svc
from localcloud.ministack_adapter.gateway import app, persistence, responses, router, tagging
from localcloud.ministack_adapter.messages import sns, sqs
from localcloud.ministack_adapter.money import budgets
from localcloud.ministack_adapter.permissions import iam, iam_actions, iam_evaluator, kms, sts
from localcloud.ministack_adapter.storage import dynamodb, ec2, ecr, s3
from localcloud.ministack_adapter.streams import kinesis
from localcloud.ministack_adapter.telemetry import cloudtrail, cloudwatch, cloudwatch_logs
from localcloud.ministack_adapter.templates import cloudcontrol, cloudformation_engine, drift, provisioners
from localcloud.ministack_adapter.workflows import stepfunctions

__all__ = [
    "app",
    "budgets",
    "cloudcontrol",
    "cloudformation_engine",
    "cloudtrail",
    "cloudwatch",
    "cloudwatch_logs",
    "drift",
    "dynamodb",
    "ec2",
    "ecr",
    "eventbridge",
    "iam",
    "iam_actions",
    "iam_evaluator",
    "kinesis",
    "kms",
    "lambda_svc",
    "persistence",
    "provisioners",
    "responses",
    "router",
    "s3",
    "scheduler",
    "sns",
    "sqs",
    "stepfunctions",
    "sts",
    "tagging",
]
