"""The one key that encrypts everything the pipeline stores, and who may use it."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from contracts.names import Names
from infra_cdk.policy import allow, through
from infra_cdk.stages import StageSettings

# What an account's administrator does to this key, each action by its name: none of them reads or writes
# data, and none makes another key, which no key's policy is asked about (AWS KMS Developer Guide, "Allows key
# administrators to administer the KMS key"; CreateKey is an action on the account).
ADMINISTRATION = (
    "kms:CreateAlias",
    "kms:UpdateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:UpdateKeyDescription",
    "kms:EnableKey",
    "kms:DisableKey",
    "kms:EnableKeyRotation",
    "kms:DisableKeyRotation",
    "kms:GetKeyRotationStatus",
    "kms:ListKeyRotations",
    "kms:RotateKeyOnDemand",
    "kms:GetKeyPolicy",
    "kms:PutKeyPolicy",
    "kms:ListKeyPolicies",
    "kms:ListGrants",
    "kms:RevokeGrant",
    "kms:ListResourceTags",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:ScheduleKeyDeletion",
    "kms:CancelKeyDeletion",
)
READ = ("kms:Decrypt",)
WRITE = ("kms:GenerateDataKey",)
# What a principal of this account may do if its own policy allows it, and then only through a service.
ENCRYPTION = (
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:DescribeKey",
)
USE = ENCRYPTION
# What SageMaker does with the key of a disk in the name of the role that the disk's owner runs under.
VOLUMES = ("kms:DescribeKey", "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey")
SERVICES = ("s3", "sqs", "sns", "dynamodb", "sagemaker")


class Encryption(Construct):
    """A customer managed key, rotated yearly.

    Its policy lets the account administer it, lets identity policies allow its use through the services that
    store data here, and lets the services that act on their own (EventBridge, CloudWatch, CloudWatch Logs)
    use it for this account's resources only.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, names: Names, stage: StageSettings, has_vpc: bool
    ) -> None:
        super().__init__(scope, construct_id)
        self._names, self._has_vpc = names, has_vpc
        self.key = kms.Key(
            self,
            "Key",
            alias=f"alias/{names.prefix}",
            description=f"Encrypts what the pipeline {names.prefix} stores",
            enable_key_rotation=True,
            removal_policy=stage.data_removal,
            pending_window=cdk.Duration.days(7),
            policy=iam.PolicyDocument(statements=self._policy()),
        )

    def _policy(self) -> list[iam.PolicyStatement]:
        account = cdk.Stack.of(self).account
        return [
            iam.PolicyStatement(
                sid="AccountAdministers",
                principals=[iam.AccountRootPrincipal()],
                actions=list(ADMINISTRATION),
                resources=["*"],
            ),
            iam.PolicyStatement(
                sid="IdentityPoliciesAllowUseThroughServices",
                principals=[iam.AccountRootPrincipal()],
                actions=list(USE),
                resources=["*"],
                conditions={
                    "StringEquals": {
                        "kms:CallerAccount": account,
                        "kms:ViaService": [
                            f"{service}.{cdk.Aws.REGION}.amazonaws.com" for service in SERVICES
                        ],
                    }
                },
            ),
            iam.PolicyStatement(
                sid="IdentityPoliciesAllowGrantsToServices",
                principals=[iam.AccountRootPrincipal()],
                actions=["kms:CreateGrant"],
                resources=["*"],
                conditions={
                    "StringEquals": {"kms:CallerAccount": account},
                    "Bool": {"kms:GrantIsForAWSResource": "true"},
                },
            ),
            iam.PolicyStatement(
                sid="EventsAndAlarmsReachQueueAndTopic",
                principals=[
                    iam.ServicePrincipal("events.amazonaws.com"),
                    iam.ServicePrincipal("cloudwatch.amazonaws.com"),
                ],
                actions=[*READ, *WRITE],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": account}},
            ),
            iam.PolicyStatement(
                sid="LogGroupsOfThisPipeline",
                principals=[iam.ServicePrincipal(f"logs.{cdk.Aws.REGION}.amazonaws.com")],
                actions=list(ENCRYPTION),
                resources=["*"],
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": self._log_group_arns()}},
            ),
        ]

    def _log_group_arns(self) -> list[str]:
        stack = cdk.Stack.of(self)
        groups = (
            f"/aws/lambda/{self._names.prefix}-*",
            f"/aws/vendedlogs/states/{self._names.prefix}-*",
            self._names.endpoint_log_group,
            *([self._names.flow_log_group] if self._has_vpc else []),
        )
        return [
            f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:{group}" for group in groups
        ]

    def allow(
        self, role: iam.Role, *actions: str, via: str, context: Mapping[str, str | list[str]] | None = None
    ) -> None:
        """Let the role use the key through one service, for what the encryption context names."""
        named = {f"kms:EncryptionContext:{key}": value for key, value in (context or {}).items()}
        conditions = through(via, **({"StringLike": named} if named else {}))
        allow(role, *actions, on=self.key.key_arn, when=conditions)

    def allow_volumes(self, role: iam.Role) -> None:
        """Let SageMaker encrypt the disks of what the role starts or runs.

        The grants are bounded by being for an AWS service's resource alone, as in the policies that AWS
        publishes for such jobs (awslabs/mlspace): where SageMaker uses the role itself there may be no
        service that the call goes through, so `kms:ViaService` could refuse what is right.
        """
        self.allow_granting(role)
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid=f"DisksOf{''.join(part for part in role.node.path.split('/')[1:])}",
                principals=[iam.ArnPrincipal(role.role_arn)],
                actions=list(VOLUMES),
                resources=["*"],
            )
        )

    def allow_granting(self, role: iam.Role) -> None:
        """For who asks SageMaker for something whose disk has this key, and does not run on it."""
        aws_only = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        allow(role, "kms:CreateGrant", on=self.key.key_arn, when=aws_only)
