"""The metrics that alarms and dashboard read, by the names that `contracts.metrics` gives them."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from contracts import metrics
from contracts.names import VARIANT_NAME, Names

MINUTE = cdk.Duration.minutes(1)
FIVE_MINUTES = cdk.Duration.minutes(5)


@dataclass(frozen=True, kw_only=True)
class PipelineMetrics:
    """Metrics of one pipeline at one stage; each method names where they come from."""

    names: Names

    def emitted(self, name: str, period: cdk.Duration = FIVE_MINUTES) -> cloudwatch.Metric:
        """What a function of the pipeline counts."""
        return cloudwatch.Metric(
            namespace=self.names.metric_namespace,
            metric_name=name,
            statistic="Sum",
            period=period,
        )

    def endpoint(
        self, name: str, statistic: str, *, period: cdk.Duration = MINUTE, label: str | None = None
    ) -> cloudwatch.Metric:
        """What SageMaker reports of the requests, over both fleets of a deployment."""
        return self._of_variant(metrics.ENDPOINT_NAMESPACE, name, statistic, period, label)

    def fleet(self, name: str, statistic: str) -> cloudwatch.Metric:
        """What SageMaker reports of the instances."""
        return self._of_variant(metrics.FLEET_NAMESPACE, name, statistic, MINUTE, None)

    def share_of_requests(self, name: str, period: cdk.Duration = MINUTE) -> cloudwatch.MathExpression:
        """Percent of the requests that the metric counts; none without requests."""
        return cloudwatch.MathExpression(
            expression="100 * failed / requests",
            using_metrics={
                "failed": self.endpoint(name, "Sum", period=period),
                "requests": self.endpoint(metrics.INVOCATIONS, "Sum", period=period),
            },
            period=period,
            label=f"{name} (% of requests)",
        )

    def prediction_shifts(self) -> cloudwatch.MathExpression:
        """How far the answers are from those of training, for each endpoint config."""
        schema = f"{{{self.names.metric_namespace},{metrics.CONFIG_DIMENSION}}}"
        return cloudwatch.MathExpression(
            expression=f"SEARCH('{schema} MetricName=\"{metrics.PREDICTION_SHIFT}\"', 'Average')",
            using_metrics={},
            period=MINUTE,
            label="",
        )

    def _of_variant(
        self, namespace: str, name: str, statistic: str, period: cdk.Duration, label: str | None
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace,
            metric_name=name,
            dimensions_map={"EndpointName": self.names.endpoint, "VariantName": VARIANT_NAME},
            statistic=statistic,
            period=period,
            label=label,
        )
