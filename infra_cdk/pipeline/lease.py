"""The table that lets one execution at a time deploy to an endpoint."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from contracts import layout
from infra_cdk.context import Context
from infra_cdk.data.encryption import READ
from infra_cdk.policy import allow


class LeaseTable(Construct):
    """One item per endpoint: who holds it, until when, and the fencing token."""

    def __init__(self, scope: Construct, construct_id: str, context: Context) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.Table(
            self,
            "Leases",
            table_name=context.names.lease_table,
            partition_key=dynamodb.Attribute(name=layout.LEASE_KEY, type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=context.encryption.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            # A lease outlives no deployment, so nothing here is worth keeping.
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self._encryption = context.encryption

    def allow(self, role: iam.Role, *actions: str) -> None:
        allow(role, *(f"dynamodb:{action}" for action in actions), on=self.table.table_arn)
        # DynamoDB decrypts the table's key on the caller's behalf (Developer Guide, "Encryption at rest").
        context = {"aws:dynamodb:tableName": self.table.table_name}
        self._encryption.allow(role, *READ, via="dynamodb", context=context)
