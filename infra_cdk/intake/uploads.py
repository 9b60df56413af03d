"""The way in: an upload's event, through the queue, to the Lambda that starts the state machine."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contracts import layout
from infra_cdk.context import Context
from infra_cdk.data.encryption import READ, WRITE
from infra_cdk.data.storage import Storage
from infra_cdk.functions.bundle import zip_code
from infra_cdk.functions.environment import SettingsSource
from infra_cdk.functions.function import FunctionSize, PipelineFunction
from infra_cdk.policy import allow

SIZE = FunctionSize(memory_mib=256, timeout_seconds=30)
MAX_RECEIVES = 5
BATCH_SIZE = 10


class Intake(Construct):
    """Rule, queue, dead-letter queue and starter. The queue holds EventBridge's event unchanged."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        storage: Storage,
        settings: SettingsSource,
    ) -> None:
        super().__init__(scope, construct_id)
        self._names, self._encryption = context.names, context.encryption
        self.dead_letters = self._queue("DeadLetters", "dead-letters", cdk.Duration.days(14))
        self.queue = self._queue("Uploads", "uploads", cdk.Duration.days(4), self.dead_letters)
        self.rule = self._rule(storage)
        for queue in (self.queue, self.dead_letters):
            self._let_rule_send(queue)
        self.start_execution = PipelineFunction(
            self,
            "StartExecution",
            context,
            code=zip_code(context.root, ("StartExecution",)),
            settings=settings.having(
                dead_letter_queue_url=self.dead_letters.queue_url, max_receives=str(MAX_RECEIVES)
            ).settings_of("StartExecution"),
            size=SIZE,
        )
        self._let_starter_receive()
        self.mapping = lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=self.start_execution.function,
            event_source_arn=self.queue.queue_arn,
            batch_size=BATCH_SIZE,
            report_batch_item_failures=True,
        )

    def _queue(
        self,
        construct_id: str,
        purpose: str,
        retention: cdk.Duration,
        dead_letters: sqs.Queue | None = None,
    ) -> sqs.Queue:
        return sqs.Queue(
            self,
            construct_id,
            queue_name=self._names.queue(purpose),
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self._encryption.key,
            enforce_ssl=True,
            retention_period=retention,
            # Six times the function's time limit, as the Lambda Developer Guide asks of its queues.
            visibility_timeout=cdk.Duration.seconds(6 * SIZE.timeout_seconds),
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=MAX_RECEIVES)
            if dead_letters
            else None,
        )

    def _rule(self, storage: Storage) -> events.CfnRule:
        return events.CfnRule(
            self,
            "Rule",
            name=f"{self._names.prefix}-uploads",
            description=f"Objects created under {layout.UPLOADS.prefix}",
            event_pattern={
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [storage.raw.bucket_name]},
                    # The starter alone decides what is an upload, and counts what is none: were it asked here
                    # as well, in the few words of a pattern, a file could fall between the two.
                    "object": {"key": [{"prefix": layout.UPLOADS.prefix}]},
                },
            },
            targets=[
                events.CfnRule.TargetProperty(
                    id="Uploads",
                    arn=self.queue.queue_arn,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                        arn=self.dead_letters.queue_arn
                    ),
                )
            ],
        )

    def _let_rule_send(self, queue: sqs.Queue) -> None:
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TheUploadRuleSends",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": self.rule.attr_arn}},
            )
        )

    def _let_starter_receive(self) -> None:
        role = self.start_execution.role
        actions = ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage")
        allow(role, *(f"sqs:{action}" for action in actions), on=self.queue.queue_arn)
        # What cannot be started goes to the dead letters by the starter's own hand, with its reason.
        allow(role, "sqs:SendMessage", on=self.dead_letters.queue_arn)
        self._encryption.allow(role, *READ, *WRITE, via="sqs")
