"""How a person is asked: a table keeps who waits, and an event of the model registry ends the waiting."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from contracts import layout
from infra_cdk.context import Context
from infra_cdk.data.encryption import READ
from infra_cdk.functions.bundle import zip_code
from infra_cdk.functions.environment import SettingsSource
from infra_cdk.functions.function import FunctionSize, PipelineFunction
from infra_cdk.policy import allow

STATE = "RequestApproval"
SIZE = FunctionSize(memory_mib=256, timeout_seconds=60)


class Approval(Construct):
    """Table, function and rule. Nobody but the function reads the table: it holds tokens."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        own_roles: tuple[iam.Role, ...],
        settings: SettingsSource,
    ) -> None:
        super().__init__(scope, construct_id)
        self._encryption = context.encryption
        self.table = self._table(context)
        self.request_approval = PipelineFunction(
            self,
            STATE,
            context,
            code=zip_code(context.root, (STATE,)),
            settings=settings.having(
                approval_table_name=self.table.table_name,
                approval_timeout_hours=str(context.deployment.approval_timeout_hours),
                four_eyes=str(context.deployment.four_eyes).lower(),
                own_roles="",
                own_uploaders="",
            ).settings_of(STATE),
            size=SIZE,
        )
        # With four eyes it puts an approval back that is not enough.
        own = (*own_roles, *([self.request_approval.role] if context.deployment.four_eyes else []))
        self._tell("OWN_ROLES", own)
        self.rule = self._rule(context)

    def knows_uploaders(self, *roles: iam.Role) -> None:
        """The pipeline's own roles that upload: nobody did, where one of them has."""
        self._tell("OWN_UPLOADERS", roles)

    def _tell(self, variable: str, roles: Sequence[iam.Role]) -> None:
        value = ",".join(role.role_name for role in roles)
        self.request_approval.function.add_environment(variable, value)

    def _table(self, context: Context) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            "Table",
            table_name=context.names.approval_table,
            partition_key=dynamodb.Attribute(name=layout.APPROVAL_KEY, type=dynamodb.AttributeType.STRING),
            time_to_live_attribute=layout.EXPIRES_AT,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=context.encryption.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            # A token is worth nothing once its execution has ended.
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )

    def _rule(self, context: Context) -> events.CfnRule:
        """EventBridge user guide, "Amazon SageMaker AI events": several events for one change are normal."""
        function = self.request_approval
        rule = events.CfnRule(
            self,
            "Rule",
            name=f"{context.names.prefix}-approvals",
            description="Somebody decided on a model package",
            event_pattern={
                "source": ["aws.sagemaker"],
                "detail-type": ["SageMaker Model Package State Change"],
                "detail": {
                    "ModelPackageGroupName": [context.names.model_package_group],
                    "ModelApprovalStatus": ["Approved", "Rejected"],
                },
            },
            targets=[events.CfnRule.TargetProperty(id=STATE, arn=function.arn)],
        )
        lambda_.CfnPermission(
            self,
            "RuleInvokes",
            action="lambda:InvokeFunction",
            function_name=function.arn,
            principal="events.amazonaws.com",
            source_account=cdk.Stack.of(self).account,
            source_arn=rule.attr_arn,
        )
        return rule

    def allow_keeping(self, role: iam.Role) -> None:
        actions = ("DeleteItem", "GetItem", "PutItem")
        allow(role, *(f"dynamodb:{action}" for action in actions), on=self.table.table_arn)
        context = {"aws:dynamodb:tableName": self.table.table_name}
        self._encryption.allow(role, *READ, via="dynamodb", context=context)

    def allow_answering(self, role: iam.Role) -> None:
        allow(
            role,
            "states:SendTaskSuccess",
            on="*",
            because="A token names no resource (Service Authorization Reference, AWS Step Functions).",
        )
