"""Whether a topic or a queue lets an AWS service in, with all that the service says of itself.

ministack asks a topic's or queue's policy without aws:SecureTransport, so that the Deny which every such
policy should have (for what comes without TLS) refuses the services themselves: alarms, S3 and SNS. AWS's
services speak TLS to each other. An encrypted topic's key has to let the publishing service in, too.
https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html#enforce-encryption-data-in-transit
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
"""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.iam.key_use import key_arn_of
from localcloud.ministack_adapter import app, iam_evaluator, sns, sqs
from localcloud.services.eventbridge.deliveries import allows

_OF_A_KEY = ("kms:GenerateDataKey", "kms:Decrypt")


def install() -> None:
    """Let S3's and SNS's own deliveries be asked here."""

    sns.topic_policy_allows = topic_allows
    sqs.queue_policy_allows = queue_allows


def topic_allows(topic_arn: str, service: str, source_arn: str, source_account: str) -> bool:
    """Whether a service may publish for a resource of an account; always without IAM."""

    topic = sns.topic_by_arn_any_scope(topic_arn)
    if not app.AUTH or topic is None:
        return topic is not None
    policy = topic.get("attributes", {}).get("Policy") or ""
    return bool(policy) and allows(
        policy, service, "sns:Publish", topic_arn, _context(source_arn, source_account)
    )


def queue_allows(queue_arn: str, service: str, source_arn: str, source_account: str) -> bool:
    """Whether a service may send for a resource of an account; always without IAM."""

    queue = sqs.queue_by_arn(queue_arn)
    if not app.AUTH or queue is None:
        return queue is not None
    policy = queue["attributes"].get("Policy") or ""
    return bool(policy) and allows(
        policy, service, "sqs:SendMessage", queue_arn, _context(source_arn, source_account)
    )


def topic_key_refusing(topic_arn: str, service: str, source_arn: str, source_account: str) -> str | None:
    """The ARN of the topic's key if its policy keeps the service out; None otherwise."""

    topic = sns.topic_by_arn_any_scope(topic_arn) or {}
    key_arn = key_arn_of(topic.get("attributes", {}).get("KmsMasterKeyId"))
    if not app.AUTH or key_arn is None:
        return None
    policy = (iam_evaluator.resource_policy("kms", key_arn) or ("", ""))[0]
    context = _context(source_arn, source_account)
    return None if all(allows(policy, service, action, key_arn, context) for action in _OF_A_KEY) else key_arn


def _context(source_arn: str, source_account: str) -> Mapping[str, str]:
    return {
        "aws:SourceArn": source_arn,
        "aws:SourceAccount": source_account,
        "aws:SourceOwner": source_account,
    }
