"""An AWS Budget of what the stage may cost a month; operators are told before it is overrun.

It counts by the stack's cost allocation tags, which an account must activate once. Budgets
without actions cost nothing (aws.amazon.com/aws-cost-management/aws-budgets/pricing).
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_iam as iam
from constructs import Construct

from contracts.names import PIPELINE_TAG, STAGE_TAG
from infra_cdk.context import Context
from infra_cdk.monitoring.notifications import Notifications

SERVICE = "budgets.amazonaws.com"
# Per cent of the ceiling: what AWS forecasts for the month, and what is spent.
FORECAST_PERCENT, ACTUAL_PERCENT = 100, 80


class MonthlyBudget(Construct):
    """`max_monthly_usd` as a budget, whose notifications go to the topic of the alarms."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        max_monthly_usd: float,
        notifications: Notifications,
    ) -> None:
        super().__init__(scope, construct_id)
        notifications.topic.add_to_resource_policy(self._may("sns:Publish", on=notifications.topic.topic_arn))
        # AWS Cost Management User Guide, "Creating an Amazon SNS topic for budget notifications".
        context.encryption.key.add_to_resource_policy(
            self._may("kms:Decrypt", "kms:GenerateDataKey*", on="*")
        )
        names = context.names
        tags = ((PIPELINE_TAG, names.pipeline), (STAGE_TAG, names.stage))
        self.budget = budgets.CfnBudget(
            self,
            "Monthly",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=names.prefix,
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=max_monthly_usd, unit="USD"),
                metrics=["UnblendedCost"],
                filter_expression=budgets.CfnBudget.ExpressionProperty(
                    and_=[
                        budgets.CfnBudget.ExpressionProperty(
                            tags=budgets.CfnBudget.TagValuesProperty(key=key, values=[value])
                        )
                        for key, value in tags
                    ]
                ),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[
                        budgets.CfnBudget.SubscriberProperty(
                            subscription_type="SNS", address=notifications.topic.topic_arn
                        )
                    ],
                )
                for kind, percent in (("FORECASTED", FORECAST_PERCENT), ("ACTUAL", ACTUAL_PERCENT))
            ],
        )

    def _may(self, *actions: str, on: str) -> iam.PolicyStatement:
        stack = cdk.Stack.of(self)
        budget = stack.format_arn(service="budgets", region="", resource="*")
        return iam.PolicyStatement(
            sid="BudgetsOfThisAccount",
            principals=[iam.ServicePrincipal(SERVICE)],
            actions=list(actions),
            resources=[on],
            conditions={
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {"aws:SourceArn": budget},
            },
        )
