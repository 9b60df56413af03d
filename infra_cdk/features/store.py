"""SageMaker feature groups, online and offline, each with its definition's version in its name."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from contracts import layout
from contracts.feature_groups import EVENT_TIME, LAST_EVENT, RECENT, FeatureGroup, kind_of
from infra_cdk.context import Context
from infra_cdk.data.encryption import READ
from infra_cdk.data.storage import Storage
from infra_cdk.policy import allow

# Who makes a group with a customer's key needs these beside the key's use (SageMaker API Reference,
# `OnlineStoreSecurityConfig`); the key's policy has the others.
GRANTING = ("kms:CreateGrant", "kms:RetireGrant", "kms:RevokeGrant", "kms:ListGrants")


class FeatureStore(Construct):
    """The offline store lies below `features/` of the artifact bucket; no Glue table is made of it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        groups: Sequence[FeatureGroup],
        storage: Storage,
    ) -> None:
        super().__init__(scope, construct_id)
        self._context = context
        self.role = self._role(storage)
        self._let_service_grant()
        self.groups = [self._group(group, storage) for group in groups]
        self.names = [group.feature_group_name for group in self.groups]

    def _role(self, storage: Storage) -> iam.Role:
        """What the service writes the offline store as; its documentation names no condition that it would
        meet when it takes the role."""
        role = iam.Role(
            self,
            "Role",
            description=f"Offline feature store of {self._context.names.prefix}",
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
        )
        storage.allow_writing(role, layout.FEATURES.pattern)
        allow(role, "s3:GetBucketAcl", on=storage.artifacts.bucket_arn)
        return role

    def _let_service_grant(self) -> None:
        account = cdk.Stack.of(self).account
        self._context.encryption.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="OnlineFeatureStore",
                principals=[iam.AccountRootPrincipal()],
                actions=list(GRANTING),
                resources=["*"],
                conditions={
                    "StringEquals": {
                        "kms:CallerAccount": account,
                        "kms:ViaService": f"sagemaker.{cdk.Aws.REGION}.amazonaws.com",
                    }
                },
            )
        )

    def _group(self, group: FeatureGroup, storage: Storage) -> sagemaker.CfnFeatureGroup:
        made = sagemaker.CfnFeatureGroup
        key = self._context.encryption.key
        bucket = storage.artifacts.bucket_name
        online: dict[str, object] = {
            "EnableOnlineStore": True,
            "SecurityConfig": {"KmsKeyId": key.key_arn},
        }
        if group.ttl_hours:
            online["TtlDuration"] = {"Unit": "Hours", "Value": group.ttl_hours}
        found = made(
            self,
            f"{group.name}-v{group.version}",
            feature_group_name=self._context.names.feature_group(group.name, group.version),
            record_identifier_feature_name=group.entity,
            event_time_feature_name=EVENT_TIME,
            feature_definitions=[
                made.FeatureDefinitionProperty(feature_name=name, feature_type=kind)
                for name, kind in self._definitions(group).items()
            ],
            online_store_config=online,
            offline_store_config={
                "S3StorageConfig": {
                    "S3Uri": f"s3://{bucket}/{layout.FEATURES.folder}",
                    "KmsKeyId": key.key_arn,
                },
                "DisableGlueTableCreation": True,
            },
            role_arn=self.role.role_arn,
            description=f"What is known of a {group.entity}"[:128],
        )
        found.apply_removal_policy(self._context.stage.data_removal)
        found.node.add_dependency(self.role)
        return found

    def _definitions(self, group: FeatureGroup) -> dict[str, str]:
        """SageMaker's type of each feature: the entity, the store's own, what is served, and the columns
        that aggregates are made of."""
        dataset = self._context.config.dataset
        columns = {name: kind_of(dataset.column(name)) for name in group.aggregated_columns}
        own = {EVENT_TIME: "Fractional", LAST_EVENT: "Fractional", RECENT: "String"}
        return {group.entity: "String", **own, **columns, **group.kinds(dataset)}

    def allow_reading(self, role: iam.Role) -> None:
        """Records by entity; whoever reads or writes an online store uses its key."""
        self._allow(role, "sagemaker:BatchGetRecord")

    def allow_writing(self, role: iam.Role) -> None:
        self._allow(role, "sagemaker:BatchGetRecord", "sagemaker:BatchWriteRecord")

    def _allow(self, role: iam.Role, *actions: str) -> None:
        stack = cdk.Stack.of(self)
        arns = [
            stack.format_arn(service="sagemaker", resource="feature-group", resource_name=name)
            for name in self.names
        ]
        allow(role, *actions, on=arns)
        self._context.encryption.allow(role, *READ, via="sagemaker")
