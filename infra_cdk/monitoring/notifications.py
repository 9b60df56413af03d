"""The topic that tells operators about alarms, rejected datasets and rolled-back models."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra_cdk.context import Context
from infra_cdk.data.encryption import READ, WRITE
from infra_cdk.policy import allow


class Notifications(Construct):
    """An encrypted topic; the stage's addresses are subscribed to it."""

    def __init__(self, scope: Construct, construct_id: str, context: Context) -> None:
        super().__init__(scope, construct_id)
        self._encryption = context.encryption
        self.topic = sns.Topic(
            self,
            "Alarms",
            topic_name=context.names.alarm_topic,
            master_key=context.encryption.key,
            enforce_ssl=True,
        )
        self.topic.add_to_resource_policy(self._alarms_may_publish())
        for address in context.stage.alarm_emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))

    def _alarms_may_publish(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            sid="AlarmsOfThisAccountPublish",
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[self.topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
        )

    def allow_publishing(self, role: iam.Role) -> None:
        allow(role, "sns:Publish", on=self.topic.topic_arn)
        context = {"aws:sns:topicArn": self.topic.topic_arn}
        self._encryption.allow(role, *READ, *WRITE, via="sns", context=context)
