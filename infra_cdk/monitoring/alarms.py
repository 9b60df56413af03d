"""The standing alarms. Each says what happened and which section of the runbook to open.

A deployment's own rollback alarms are not here: they watch one green fleet, and are put and deleted by the
states that deploy.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contracts import metrics
from contracts.deployment import DeploymentPolicy
from infra_cdk.context import Context
from infra_cdk.intake.uploads import Intake
from infra_cdk.monitoring.metrics import FIVE_MINUTES, MINUTE, PipelineMetrics
from infra_cdk.monitoring.monitor import Monitor
from infra_cdk.monitoring.notifications import Notifications
from infra_cdk.pipeline.state_machine import TrainingPipeline

RUNBOOK = "docs/runbook.md"
CLIENT_ERROR_PERCENT = 20
MEMORY_PERCENT = 90
WAITING_MINUTES = 15


class Alarms(Construct):
    """An alarm per way in which the pipeline or the endpoint can need a person."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        notifications: Notifications,
        pipeline: TrainingPipeline,
        intake: Intake,
        monitor: Monitor | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._names, self._metrics = context.names, PipelineMetrics(names=context.names)
        self._action = actions.SnsAction(notifications.topic)
        self.all: list[cloudwatch.Alarm] = []
        self._watch_uploads(intake.queue, intake.dead_letters)
        self._watch_executions(pipeline)
        self._watch_deployments()
        self._watch_endpoint(context.deployment)
        if monitor:
            self._watch_monitor(monitor)

    def _watch_uploads(self, queue: sqs.Queue, dead_letters: sqs.Queue) -> None:
        self._alarm(
            "DeadLettersNotEmpty",
            "An upload could not be started and waits in the dead-letter queue",
            dead_letters.metric_approximate_number_of_messages_visible(statistic="Maximum", period=MINUTE),
            above=0,
        )
        self._alarm(
            "UploadsWaiting",
            f"An upload has waited {WAITING_MINUTES} minutes to be started",
            queue.metric_approximate_age_of_oldest_message(statistic="Maximum", period=MINUTE),
            above=cdk.Duration.minutes(WAITING_MINUTES).to_seconds(),
        )

        self._alarm(
            "UploadsLost",
            "An upload has no execution, and none is to come",
            self._metrics.emitted(metrics.UPLOADS_LOST),
            above=0,
        )

    def _watch_executions(self, pipeline: TrainingPipeline) -> None:
        machine = pipeline.state_machine
        for name, what, metric in (
            ("ExecutionFailed", "An execution failed", machine.metric_failed),
            ("ExecutionTimedOut", "An execution ran out of time", machine.metric_timed_out),
            ("ExecutionAborted", "An execution was stopped from outside", machine.metric_aborted),
        ):
            self._alarm(name, what, metric(statistic="Sum", period=FIVE_MINUTES), above=0)

    def _watch_deployments(self) -> None:
        self._alarm(
            "DeploymentRolledBack",
            "A new model was taken back, and the champion serves on",
            self._metrics.emitted(metrics.DEPLOYMENTS_ROLLED_BACK),
            above=0,
        )
        self._alarm(
            "DeploymentFailed",
            "A deployment ended without a rollback to the champion",
            self._metrics.emitted(metrics.DEPLOYMENTS_FAILED),
            above=0,
        )

    def _watch_endpoint(self, policy: DeploymentPolicy) -> None:
        self._alarm(
            "EndpointAstray",
            "The endpoint is missing, or serves a model that was rejected",
            self._metrics.emitted(metrics.ENDPOINT_ASTRAY),
            above=0,
        )
        self._alarm(
            "EndpointErrors",
            f"More than {policy.max_error_rate_percent:g} % of the requests end in a server error",
            self._metrics.share_of_requests(metrics.SERVER_ERRORS),
            above=policy.max_error_rate_percent,
            periods=(3, 5),
        )
        self._alarm(
            "EndpointClientErrors",
            f"More than {CLIENT_ERROR_PERCENT} % of the requests are refused as wrong",
            self._metrics.share_of_requests(metrics.CLIENT_ERRORS, FIVE_MINUTES),
            above=CLIENT_ERROR_PERCENT,
            periods=(3, 3),
        )
        self._alarm(
            "EndpointSlow",
            f"The slowest 1 % of the requests take the model more than {policy.max_model_latency_us} us",
            self._metrics.endpoint(metrics.MODEL_LATENCY, "p99"),
            above=policy.max_model_latency_us,
            periods=(3, 5),
        )
        self._alarm(
            "EndpointMemoryFull",
            f"The instances use more than {MEMORY_PERCENT} % of their memory",
            self._metrics.fleet(metrics.MEMORY_UTILIZATION, "Maximum"),
            above=MEMORY_PERCENT,
            periods=(5, 5),
        )

    def _watch_monitor(self, monitor: Monitor) -> None:
        """By the hour, in which a run comes at most a few times: the highest it said counts."""
        for name, what, metric in (
            (
                "DataDrifted",
                "What the model is asked moved away from what it was trained on",
                metrics.COLUMNS_DRIFTED,
            ),
            ("QualityDecayed", "What came true is worse than was promised", metrics.QUALITY_DECAYED),
            (
                "RetrainingStopped",
                "A retraining is due, and the last ones did not pass the gate",
                metrics.RETRAININGS_STOPPED,
            ),
        ):
            highest = self._metrics.emitted(metric).with_(period=cdk.Duration.hours(1), statistic="Maximum")
            self._alarm(name, what, highest, above=0)
        machine = monitor.state_machine
        for name, what, ended in (
            ("MonitoringFailed", "A run of the monitor failed", machine.metric_failed),
            ("MonitoringTimedOut", "A run of the monitor ran out of time", machine.metric_timed_out),
        ):
            self._alarm(name, what, ended(statistic="Sum", period=FIVE_MINUTES), above=0)

    def _alarm(
        self,
        name: str,
        what: str,
        metric: cloudwatch.IMetric,
        *,
        above: float,
        periods: tuple[int, int] = (1, 1),
    ) -> None:
        """`periods` is how many of how many must breach; without data nothing is wrong."""
        breaching, evaluated = periods
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._names.prefix}-{name}",
            alarm_description=f"{what}. Runbook: {RUNBOOK}#{name.lower()}",
            metric=metric,
            threshold=above,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            datapoints_to_alarm=breaching,
            evaluation_periods=evaluated,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)
        self.all.append(alarm)
