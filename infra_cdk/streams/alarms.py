"""When a person has to look at the stream."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contracts.names import Names
from infra_cdk.functions.function import PipelineFunction

BEHIND_MS = 3_600_000  # of the oldest record that waits
WITHIN = cdk.Duration.minutes(5)


class StreamAlarms(Construct):
    """Records that are refused, records that wait, hours that are not closed."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        refused: sqs.Queue,
        accept_records: PipelineFunction,
        close_hours: PipelineFunction,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._names, self._action = names, actions.SnsAction(topic)
        self._alarm(
            "RecordsRefused",
            "Records of the stream break the contract, or Lambda gave them up",
            refused.metric_approximate_number_of_messages_visible(statistic="Maximum", period=WITHIN),
            above=0,
        )
        self._alarm(
            "StreamBehind",
            "Records of the stream wait for longer than an hour",
            accept_records.function.metric("IteratorAge", statistic="Maximum", period=WITHIN),
            above=BEHIND_MS,
        )
        self._alarm(
            "HoursNotClosed",
            "CloseHours fails",
            close_hours.function.metric_errors(statistic="Sum", period=WITHIN),
            above=0,
            of_periods=6,
            periods=3,
        )

    def _alarm(
        self,
        name: str,
        description: str,
        metric: cloudwatch.IMetric,
        *,
        above: float,
        of_periods: int = 1,
        periods: int = 1,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._names.prefix}-{name}",
            alarm_description=f"{description}. Runbook: docs/runbook.md#{name.lower()}",
            metric=metric,
            threshold=above,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=of_periods,
            datapoints_to_alarm=periods,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)
