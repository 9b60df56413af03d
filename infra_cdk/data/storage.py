"""The raw bucket, where uploads arrive, and the artifact bucket, where everything derived from them goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from contracts import layout
from infra_cdk.context import Context
from infra_cdk.data.encryption import READ, WRITE
from infra_cdk.policy import acknowledge, allow

# An execution can be redriven for as long (Step Functions API Reference, `RedriveExecution`).
PARTS_DAYS = 14
REJECTED_DAYS = 30
SPARE_DAYS = 7


class Storage(Construct):
    """Two private, versioned, encrypted buckets; `raw` announces new objects to EventBridge."""

    def __init__(self, scope: Construct, construct_id: str, context: Context) -> None:
        super().__init__(scope, construct_id)
        self._names, self._stage, self._encryption = context.names, context.stage, context.encryption
        self.raw = self._bucket("Raw", "raw", [])
        self.artifacts = self._bucket(
            "Artifacts",
            "artifacts",
            [
                self._expiry("Captures", layout.CAPTURES.prefix, context.stage.capture_days),
                # What a merged dataset needs of its parts, it has copies of.
                self._expiry("Parts", layout.PARTS.prefix, PARTS_DAYS),
                self._expiry("Rejected", layout.REJECTED.prefix, REJECTED_DAYS),
                *self._of_a_watched_stage(context),
                *self._batch_expiry(context),
            ],
        )
        # The L2 property would bring a custom resource with a Lambda of its own.
        raw = self.raw.node.default_child
        assert isinstance(raw, s3.CfnBucket)  # noqa: S101
        raw.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                event_bridge_enabled=True
            )
        )

    def _of_a_watched_stage(self, context: Context) -> list[s3.LifecycleRule]:
        """What was read of captured requests, as long as their labels may come."""
        monitoring = context.config.monitoring
        if not monitoring.watches(context.stage.name):
            return []
        return [self._expiry("Windows", layout.WINDOWS.prefix, monitoring.label_days + SPARE_DAYS)]

    def _bucket(self, construct_id: str, purpose: str, rules: Sequence[s3.LifecycleRule]) -> s3.Bucket:
        stack = cdk.Stack.of(self)
        bucket = s3.Bucket(
            self,
            construct_id,
            bucket_name=self._names.bucket(purpose, stack.account, stack.region),
            versioned=True,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self._encryption.key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=self._stage.data_removal,
            lifecycle_rules=[self._old_versions_expire(), *rules],
        )
        self._refuse_other_keys(bucket)
        acknowledge(
            bucket,
            "AwsSolutions-S1",
            "Access is recorded by CloudTrail data events, which an account turns on for all of its buckets; "
            "S3's own access logs can't be encrypted with the pipeline's key.",
        )
        return bucket

    def _refuse_other_keys(self, bucket: s3.Bucket) -> None:
        """A request may name its own encryption, and would get it: only the pipeline's key is accepted.

        Without any header it gets the bucket's default, which is the pipeline's key. With `aws:kms` and no
        key id it would get the AWS managed key aws/s3 (S3 API Reference, `PutObject`, `SSEKMSKeyId`), and
        with a key of the customer's own one that nobody here has.
        """
        header = "s3:x-amz-server-side-encryption"
        algorithm, key_id, customers = header, f"{header}-aws-kms-key-id", f"{header}-customer-algorithm"
        key_arn = self._encryption.key.key_arn
        for sid, conditions in {
            "OnlyKms": {"StringNotEquals": {algorithm: "aws:kms"}, "Null": {algorithm: "false"}},
            "OnlyThePipelinesKey": {"StringNotEquals": {key_id: key_arn}, "Null": {key_id: "false"}},
            "NoKeyOfAws": {"Null": {algorithm: "false", key_id: "true"}},
            "NoKeyOfTheCaller": {"Null": {customers: "false"}},
        }.items():
            bucket.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=sid,
                    effect=iam.Effect.DENY,
                    principals=[iam.AnyPrincipal()],
                    actions=["s3:PutObject"],
                    resources=[bucket.arn_for_objects("*")],
                    conditions=conditions,
                )
            )

    def _old_versions_expire(self) -> s3.LifecycleRule:
        return s3.LifecycleRule(
            id="OldVersionsExpire",
            noncurrent_version_expiration=cdk.Duration.days(self._stage.old_version_days),
            abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
        )

    def _batch_expiry(self, context: Context) -> list[s3.LifecycleRule]:
        """Rows that were sent and their answers, kept as long as what the endpoint was asked."""
        if not context.config.batch.runs(context.stage.name):
            return []
        return [self._expiry("Batches", layout.BATCHES.prefix, context.stage.capture_days)]

    def _expiry(self, what: str, prefix: str, days: int) -> s3.LifecycleRule:
        return s3.LifecycleRule(id=f"{what}Expire", prefix=prefix, expiration=cdk.Duration.days(days))

    def allow_reading_uploads(self, role: iam.Role) -> None:
        """The uploaded version that the event names, whatever has been uploaded since."""
        patterns = (layout.UPLOADS.pattern,)
        self._allow(role, self.raw, ("s3:GetObject", "s3:GetObjectVersion"), patterns, READ)
        self._allow_listing(role, self.raw, patterns)

    def allow_reading_batches(self, role: iam.Role) -> None:
        """The uploaded version of a file to be answered."""
        patterns = (layout.BATCH_UPLOADS.pattern,)
        self._allow(role, self.raw, ("s3:GetObject", "s3:GetObjectVersion"), patterns, READ)
        self._allow_listing(role, self.raw, patterns)

    def allow_finding_uploads(self, role: iam.Role) -> None:
        """Their names and versions, and nothing of what is in them."""
        conditions = {"StringLike": {"s3:prefix": [layout.UPLOADS.pattern]}}
        allow(role, "s3:ListBucketVersions", on=self.raw.bucket_arn, when=conditions)

    def allow_reading_labels(self, role: iam.Role) -> None:
        patterns = (layout.LABELS.pattern,)
        self._allow(role, self.raw, ("s3:GetObject",), patterns, READ)
        self._allow_listing(role, self.raw, patterns)

    def allow_following_retrainings(self, role: iam.Role) -> None:
        """Whether their rows were uploaded, and which version that was."""
        patterns = (f"{layout.RETRAINING_FOLDER}*",)
        self._allow(role, self.raw, ("s3:GetObject",), patterns, READ)
        self._allow_listing(role, self.raw, patterns)

    def allow_adding_uploads(self, role: iam.Role, *patterns: str) -> None:
        """Objects of the raw bucket that others read, and the role does not."""
        self._allow(role, self.raw, ("s3:PutObject",), patterns, (*READ, *WRITE))

    def allow_reading(self, role: iam.Role, *patterns: str) -> None:
        self._allow(role, self.artifacts, ("s3:GetObject",), patterns, READ)
        self._allow_listing(role, self.artifacts, patterns)

    def allow_writing(self, role: iam.Role, *patterns: str) -> None:
        """Both uses of the key: a multipart upload decrypts what it wrote (S3 User Guide)."""
        self._allow(role, self.artifacts, ("s3:PutObject",), patterns, (*READ, *WRITE))

    def reserve(self, pattern: str, role: iam.Role) -> None:
        """Objects of the artifact bucket that the role alone may write, and nobody twice."""
        others = {"ArnNotEquals": {"aws:PrincipalArn": role.role_arn}}
        self._deny_writing("OneWriter", [pattern], others)
        self.write_once(pattern)

    def write_once(self, *patterns: str) -> None:
        """Objects of the artifact bucket that nobody writes twice, whoever may write them.

        A write without the header If-None-Match is refused, and one with it where there is an object. What
        starts a multipart upload or sends a part carries no such header; what completes it does (S3 User
        Guide, "Enforce conditional writes on Amazon S3 buckets").
        """
        unconditional = {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}}
        self._deny_writing("WrittenOnce", patterns, unconditional)

    def _deny_writing(self, sid: str, patterns: Sequence[str], conditions: Mapping[str, Any]) -> None:
        self.artifacts.add_to_resource_policy(
            iam.PolicyStatement(
                sid=f"{sid}{patterns[0].partition('/')[0].capitalize()}",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:PutObject"],
                resources=[self.artifacts.arn_for_objects(pattern) for pattern in patterns],
                conditions=dict(conditions),
            )
        )

    def allow_deleting(self, role: iam.Role, pattern: str) -> None:
        allow(
            role,
            "s3:DeleteObject",
            on=self.artifacts.arn_for_objects(pattern),
            because="The names of objects are known at run time; the prefix bounds them.",
        )

    def expire(self, bucket: s3.Bucket, what: str, prefix: str, days: int) -> None:
        """What a part of the stack that is not always there leaves in a bucket goes after so many days."""
        bucket.add_lifecycle_rule(id=f"{what}Expire", prefix=prefix, expiration=cdk.Duration.days(days))

    def allow_emptying(self, role: iam.Role) -> None:
        """Every version of every object of both buckets, for a stage that keeps no data."""
        for bucket in (self.raw, self.artifacts):
            allow(role, "s3:ListBucketVersions", on=bucket.bucket_arn)
            allow(
                role,
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                on=bucket.arn_for_objects("*"),
                because="The stage keeps no data: its buckets are emptied before they are deleted.",
            )

    def _allow_listing(self, role: iam.Role, bucket: s3.Bucket, patterns: Sequence[str]) -> None:
        """A missing key is a 404 only for who may list it, and a 403 for others (S3 API Reference,
        `GetObject`); for that check the key itself counts as the prefix."""
        conditions = {"StringLike": {"s3:prefix": list(patterns)}}
        allow(role, "s3:ListBucket", on=bucket.bucket_arn, when=conditions)

    def _allow(
        self,
        role: iam.Role,
        bucket: s3.Bucket,
        actions: Sequence[str],
        patterns: Sequence[str],
        key_actions: Sequence[str],
    ) -> None:
        allow(
            role,
            *actions,
            on=[bucket.arn_for_objects(pattern) for pattern in patterns],
            because="The names of objects are known at run time; the prefix bounds them.",
        )
        # The encryption context is the bucket's ARN where a bucket key is used, else the object's (S3 User
        # Guide, "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys").
        encrypted = [bucket.bucket_arn, bucket.arn_for_objects("*")]
        self._encryption.allow(role, *key_actions, via="s3", context={"aws:s3:arn": encrypted})
