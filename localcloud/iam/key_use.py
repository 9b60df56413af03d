"""What encryption with a customer's KMS key asks of a caller, beside the permission for the call itself.

Reading an SSE-KMS object needs kms:Decrypt and writing one kms:GenerateDataKey, both by the key's own policy
too; queues, topics and tables likewise. ministack checks the call alone.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#require-sse-kms
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import dynamodb, iam_actions, iam_evaluator, kms, responses, s3, sns, sqs
from localcloud.ministack_adapter.faults import s3_refuses_kms_without_key

_WRITE = ("kms:GenerateDataKey", "kms:Decrypt")
_READ = ("kms:Decrypt",)
_CODES = {"sqs": "KmsAccessDenied", "sns": "KMSAccessDenied", "dynamodb": "AccessDeniedException"}
_ALGORITHM_HEADER = "x-amz-server-side-encryption"
_KEY_HEADER = f"{_ALGORITHM_HEADER}-aws-kms-key-id"
_CUSTOMERS_HEADER = f"{_ALGORITHM_HEADER}-customer-algorithm"
_CONDITION_HEADERS = (_KEY_HEADER, _CUSTOMERS_HEADER, "if-none-match")


@dataclass(frozen=True)
class Need:
    """KMS actions that a call needs on a key, and the encryption context that it gives."""

    key_id: str
    actions: tuple[str, ...]
    context: Mapping[str, str]


def install(cloud: Cloud) -> None:
    """Check the key whenever a call that was allowed touches what the key encrypts."""

    s3_refuses_kms_without_key.install(cloud.account, cloud.region)
    iam_actions.s3_service_context = _naming_key(iam_actions.s3_service_context)
    iam_evaluator.enforce = _with_keys(iam_evaluator.enforce, iam_evaluator)


def _naming_key(s3_service_context: Any) -> Any:
    """ministack's condition keys of a write, with what its other headers say.

    Service Authorization Reference, Amazon S3: `s3:x-amz-server-side-encryption-aws-kms-key-id`,
    `s3:x-amz-server-side-encryption-customer-algorithm`, `s3:if-none-match` and `s3:ObjectCreationOperation`,
    which is false where a multipart upload is started or a part sent (S3 User Guide, "Enforce conditional
    writes on Amazon S3 buckets").
    """

    def named(action: str, query: Any, path: str = "", headers: Any = None) -> dict[str, Any]:
        context: dict[str, Any] = s3_service_context(action, query, path, headers)
        found = {f"s3:{name}": (headers or {}).get(name) for name in _CONDITION_HEADERS}
        if action == "s3:PutObject":
            is_for_later = "uploads" in (query or {}) or "partNumber" in (query or {})
            found["s3:ObjectCreationOperation"] = "false" if is_for_later else "true"
        return {**context, **{key: value for key, value in found.items() if value}}

    return named


def _with_keys(enforce: Any, evaluator: Any) -> Any:
    def enforced(
        access_key: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Mapping[str, Any] | None = None,
    ) -> Any:
        denied = enforce(
            access_key, action, service, region, resource_arn=resource_arn, service_context=service_context
        )
        if denied is not None or service not in _NEEDS:
            return denied
        need = _NEEDS[service](action, resource_arn, service_context or {})
        key_arn = key_arn_of(need.key_id) if need else None
        if need is None or key_arn is None:
            return None
        context = {"kms:ViaService": f"{service}.{region}.amazonaws.com", **need.context}
        for kms_action in need.actions:
            refused = enforce(
                access_key, kms_action, "kms", region, resource_arn=key_arn, service_context=_calling(context)
            )
            if refused is not None:
                return _refusal(refused, service, kms_action, key_arn, evaluator)
        return None

    return enforced


def _calling(context: Mapping[str, str]) -> dict[str, str]:

    return {**context, "kms:CallerAccount": responses.get_account_id()}


def _refusal(refused: Any, service: str, action: str, key_arn: str, evaluator: Any) -> Any:
    """The service's own error for a key that the caller may not use; it names the KMS action."""
    if isinstance(refused, evaluator.AuthError):
        return refused

    message = iam_actions.identity_denial_message(
        action, refused.principal_arn, key_arn, refused.decision == "Deny"
    )
    return evaluator.AuthError(_CODES.get(service, "AccessDenied"), message)


def key_arn_of(key_id: str | None) -> str | None:
    """The ARN of a customer's key; None for no key and for AWS's own, which all of the account may use."""

    if not key_id or "alias/aws/" in key_id:
        return None
    record = kms.resolve_key(key_id)
    return str(record["Arn"]) if record else None


def _s3(action: str, resource_arn: str, context: Mapping[str, Any]) -> Need | None:

    bucket, _, key = resource_arn.removeprefix("arn:aws:s3:::").partition("/")
    if action == "s3:PutObject":
        default = s3.bucket_default_sse_headers(bucket).get(_KEY_HEADER)
        algorithm = context.get(f"s3:{_ALGORITHM_HEADER}")
        if algorithm == "AES256" or context.get(f"s3:{_CUSTOMERS_HEADER}"):
            return None
        # A key that the request names; AWS's own where it names only the algorithm; else the bucket's.
        key_id = context.get(f"s3:{_KEY_HEADER}") or (None if algorithm else default)
        return Need(key_id, _WRITE[:1], _s3_context(resource_arn)) if key_id else None
    if action in ("s3:GetObject", "s3:GetObjectVersion"):
        record = (s3.buckets.get(bucket) or {}).get("objects", {}).get(key)
        key_id = s3.stored_sse_headers(record).get(_KEY_HEADER) if record else None
        return Need(key_id, _READ, _s3_context(resource_arn)) if key_id else None
    return None


def _s3_context(resource_arn: str) -> dict[str, str]:
    """The object's ARN, or its bucket's where a bucket key is used.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html#bucket-key-changes
    """

    bucket_arn = resource_arn.partition("/")[0]
    configured = s3.bucket_encryption.get(bucket_arn.rpartition(":")[2]) or ""
    with_bucket_key = "<BucketKeyEnabled>true" in configured
    return {"kms:EncryptionContext:aws:s3:arn": bucket_arn if with_bucket_key else resource_arn}


def _sqs(action: str, resource_arn: str, context: Mapping[str, Any]) -> Need | None:

    actions = {"sqs:SendMessage": _WRITE, "sqs:ReceiveMessage": _READ}.get(action)
    queue = sqs.queue_by_arn(resource_arn) if actions else None
    if actions is None or queue is None:
        return None
    return Need(
        queue["attributes"].get("KmsMasterKeyId", ""),
        actions,
        {"kms:EncryptionContext:aws:sqs:arn": resource_arn},
    )


def _sns(action: str, resource_arn: str, context: Mapping[str, Any]) -> Need | None:

    topic = sns.topic_by_arn_any_scope(resource_arn) if action.lower() == "sns:publish" else None
    if topic is None:
        return None
    key_id = topic.get("attributes", {}).get("KmsMasterKeyId", "")
    return Need(key_id, _WRITE, {"kms:EncryptionContext:aws:sns:topicArn": resource_arn})


_ITEM_ACTIONS = frozenset(
    f"dynamodb:{verb}"
    for verb in (
        "GetItem",
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "Query",
        "Scan",
        "BatchGetItem",
        "BatchWriteItem",
    )
)


def _dynamodb(action: str, resource_arn: str, context: Mapping[str, Any]) -> Need | None:

    name = resource_arn.rpartition(":table/")[2]
    table = dynamodb.tables.get(name) if action in _ITEM_ACTIONS else None
    if table is None:
        return None
    key_id = (table.get("SSEDescription") or {}).get("KMSMasterKeyArn", "")
    return Need(key_id, _READ, {"kms:EncryptionContext:aws:dynamodb:tableName": name})


_NEEDS: dict[str, Callable[[str, str, Mapping[str, Any]], Need | None]] = {
    "s3": _s3,
    "sqs": _sqs,
    "sns": _sns,
    "dynamodb": _dynamodb,
}
