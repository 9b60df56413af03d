"""Who uploads is recorded, in a stage that wants two people behind a model: a trail of S3 data events.

Data events are off by default and cost money (AWS CloudTrail pricing), so that there is none else. The trail
logs writes of uploads alone; EventBridge hands each record to the function that compares.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from contracts import layout
from infra_cdk.context import Context
from infra_cdk.data.storage import Storage
from infra_cdk.functions.function import PipelineFunction

KEPT_DAYS = 30
# The calls that make an object's version, each a data event of its own (S3 User Guide, "Amazon S3 CloudTrail
# events"); a part of a multipart upload makes none.
WRITES = ("PutObject", "CompleteMultipartUpload", "CopyObject")
_SERVICE = "cloudtrail.amazonaws.com"
_Selector = cloudtrail.CfnTrail.AdvancedFieldSelectorProperty


class UploadTrail(Construct):
    """The trail with its place in the artifact bucket, and the rule that follows it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        storage: Storage,
        listener: PipelineFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        self._name = f"{context.names.prefix}-uploads"
        self._let_cloudtrail_write(context, storage)
        self.trail = self._trail(context, storage)
        self.rule = self._rule(storage, listener)

    @property
    def _arn(self) -> str:
        return cdk.Stack.of(self).format_arn(service="cloudtrail", resource="trail", resource_name=self._name)

    def _trail(self, context: Context, storage: Storage) -> cloudtrail.CfnTrail:
        select = {
            "eventCategory": _Selector(field="eventCategory", equal_to=["Data"]),
            "type": _Selector(field="resources.type", equal_to=["AWS::S3::Object"]),
            "writes": _Selector(field="readOnly", equal_to=["false"]),
            "uploads": _Selector(
                field="resources.ARN", starts_with=[storage.raw.arn_for_objects(layout.UPLOADS.prefix)]
            ),
        }
        trail = cloudtrail.CfnTrail(
            self,
            "Trail",
            trail_name=self._name,
            is_logging=True,
            is_multi_region_trail=False,
            include_global_service_events=False,
            enable_log_file_validation=True,
            s3_bucket_name=storage.artifacts.bucket_name,
            s3_key_prefix=layout.TRAIL.folder,
            kms_key_id=context.encryption.key.key_arn,
            advanced_event_selectors=[
                cloudtrail.CfnTrail.AdvancedEventSelectorProperty(
                    name="Uploads", field_selectors=list(select.values())
                )
            ],
        )
        trail.node.add_dependency(storage.artifacts)
        return trail

    def _let_cloudtrail_write(self, context: Context, storage: Storage) -> None:
        """CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail" and "Configure AWS KMS key policies
        for CloudTrail"; for this trail alone."""
        bucket, stack = storage.artifacts, cdk.Stack.of(self)
        for_the_trail = {"StringEquals": {"aws:SourceArn": self._arn}}
        trail = iam.ServicePrincipal(_SERVICE)
        logs = f"{layout.TRAIL.prefix}AWSLogs/{stack.account}/*"
        for sid, action, resource in (
            ("TheTrailLooksAtTheBucket", "s3:GetBucketAcl", bucket.bucket_arn),
            ("TheTrailWrites", "s3:PutObject", bucket.arn_for_objects(logs)),
        ):
            bucket.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=sid,
                    principals=[trail],
                    actions=[action],
                    resources=[resource],
                    conditions=for_the_trail,
                )
            )
        context.encryption.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TheTrailEncrypts",
                principals=[trail],
                actions=["kms:GenerateDataKey*", "kms:DescribeKey"],
                resources=["*"],
                conditions=for_the_trail,
            )
        )
        storage.expire(bucket, "Trail", layout.TRAIL.prefix, KEPT_DAYS)

    def _rule(self, storage: Storage, listener: PipelineFunction) -> events.CfnRule:
        rule = events.CfnRule(
            self,
            "Rule",
            name=f"{self._name}-by",
            description="Somebody wrote an upload",
            event_pattern={
                "source": ["aws.s3"],
                "detail-type": ["AWS API Call via CloudTrail"],
                "detail": {
                    "eventSource": ["s3.amazonaws.com"],
                    "eventName": list(WRITES),
                    # What was refused is recorded as well.
                    "errorCode": [{"exists": False}],
                    "requestParameters": {
                        "bucketName": [storage.raw.bucket_name],
                        "key": [{"prefix": layout.UPLOADS.prefix}],
                    },
                },
            },
            targets=[events.CfnRule.TargetProperty(id="RequestApproval", arn=listener.arn)],
        )
        lambda_.CfnPermission(
            self,
            "RuleInvokes",
            action="lambda:InvokeFunction",
            function_name=listener.arn,
            principal="events.amazonaws.com",
            source_account=cdk.Stack.of(self).account,
            source_arn=rule.attr_arn,
        )
        return rule
