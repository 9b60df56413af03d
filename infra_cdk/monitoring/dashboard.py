"""The operators' dashboard: is it serving, is it deploying, are uploads getting through."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from contracts import metrics
from infra_cdk.context import Context
from infra_cdk.intake.uploads import Intake
from infra_cdk.monitoring.alarms import Alarms
from infra_cdk.monitoring.metrics import FIVE_MINUTES, MINUTE, PipelineMetrics
from infra_cdk.pipeline.state_machine import TrainingPipeline

HALF, THIRD = 12, 8
PERCENTILES = ("p50", "p90", "p99")


class OperatorsDashboard(Construct):
    """From top to bottom: alarms, requests, fleet, deployments, uploads."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        context: Context,
        *,
        alarms: Alarms,
        pipeline: TrainingPipeline,
        intake: Intake,
    ) -> None:
        super().__init__(scope, construct_id)
        self._metrics = PipelineMetrics(names=context.names)
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            # Dashboards have one name in all regions of an account (CloudWatch User Guide).
            dashboard_name=f"{context.names.prefix}-{cdk.Aws.REGION}",
            widgets=[
                [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=alarms.all, width=24)],
                self._requests(),
                self._fleet(),
                self._deployments(pipeline),
                self._uploads(intake),
                *([self._monitoring()] if context.config.monitoring.watches(context.stage.name) else []),
            ],
        )

    def _requests(self) -> list[cloudwatch.IWidget]:
        of = self._metrics.endpoint
        latencies = [of(metrics.MODEL_LATENCY, p, label=f"model {p}") for p in PERCENTILES]
        return [
            _graph("Traffic (requests)", [of(metrics.INVOCATIONS, "Sum")], THIRD),
            _graph(
                "Errors (requests)",
                [of(metrics.CLIENT_ERRORS, "Sum"), of(metrics.SERVER_ERRORS, "Sum")],
                THIRD,
            ),
            _graph(
                "Latency (us)",
                [*latencies, of(metrics.OVERHEAD_LATENCY, "p99", label="overhead p99")],
                THIRD,
            ),
        ]

    def _fleet(self) -> list[cloudwatch.IWidget]:
        names = (metrics.CPU_UTILIZATION, metrics.MEMORY_UTILIZATION, metrics.DISK_UTILIZATION)
        return [
            _graph("Fleet (%)", [self._metrics.fleet(name, "Average") for name in names], HALF),
            _graph(
                "Answers: distance from training (standard deviations)",
                [self._metrics.prediction_shifts()],
                HALF,
            ),
        ]

    def _deployments(self, pipeline: TrainingPipeline) -> list[cloudwatch.IWidget]:
        machine = pipeline.state_machine
        return [
            _graph(
                "Deployments",
                self._emitted(
                    metrics.DEPLOYMENTS_STARTED,
                    metrics.DEPLOYMENTS_PROMOTED,
                    metrics.DEPLOYMENTS_ROLLED_BACK,
                    metrics.DEPLOYMENTS_FAILED,
                ),
                THIRD,
            ),
            _graph(
                "Outcomes",
                self._emitted(
                    metrics.DATASETS_ACCEPTED,
                    metrics.DATASETS_REJECTED,
                    metrics.CHALLENGERS_BETTER,
                    metrics.CHALLENGERS_REJECTED,
                    metrics.CHALLENGERS_SUPERSEDED,
                ),
                THIRD,
            ),
            _graph(
                "Executions",
                [
                    machine.metric_started(period=FIVE_MINUTES),
                    machine.metric_succeeded(period=FIVE_MINUTES),
                    machine.metric_failed(period=FIVE_MINUTES),
                    machine.metric_timed_out(period=FIVE_MINUTES),
                    machine.metric_aborted(period=FIVE_MINUTES),
                ],
                THIRD,
            ),
        ]

    def _uploads(self, intake: Intake) -> list[cloudwatch.IWidget]:
        waiting, dead = intake.queue, intake.dead_letters
        return [
            _graph(
                "Uploads",
                self._emitted(
                    metrics.UPLOADS_STARTED,
                    metrics.UPLOADS_DUPLICATED,
                    metrics.UPLOADS_IGNORED,
                    metrics.UPLOADS_REFUSED,
                ),
                THIRD,
            ),
            _graph(
                "Queue (messages)",
                [
                    waiting.metric_approximate_number_of_messages_visible(period=MINUTE, label="waiting"),
                    dead.metric_approximate_number_of_messages_visible(period=MINUTE, label="dead letters"),
                ],
                THIRD,
            ),
            _graph(
                "Oldest upload (s)", [waiting.metric_approximate_age_of_oldest_message(period=MINUTE)], THIRD
            ),
        ]

    def _monitoring(self) -> list[cloudwatch.IWidget]:
        return [
            _graph(
                "Drift and decay",
                self._emitted(metrics.COLUMNS_DRIFTED, metrics.QUALITY_DECAYED, metrics.RETRAININGS_STOPPED),
                THIRD,
            ),
            _graph("Watched (rows)", self._emitted(metrics.WINDOW_ROWS, metrics.LABELLED_ROWS), THIRD),
            _graph(
                "Monitor",
                self._emitted(
                    metrics.MONITORING_RUNS,
                    metrics.RETRAININGS_STARTED,
                    metrics.CAPTURES_BROKEN,
                    metrics.LABELS_QUARANTINED,
                ),
                THIRD,
            ),
        ]

    def _emitted(self, *names: str) -> list[cloudwatch.IMetric]:
        return [self._metrics.emitted(name) for name in names]


def _graph(title: str, left: list[cloudwatch.IMetric], width: int) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=left, width=width)
