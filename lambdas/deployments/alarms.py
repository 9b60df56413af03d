"""The alarms that roll a deployment back. Pure.

Each watches the green fleet, by the dimension EndpointConfigName: without it an alarm covers both fleets, and
the champion's own errors would kill the deployment. A fleet without traffic sends no data, which is no fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts import metrics
from contracts.deployment import EVALUATION_PERIODS, DeploymentPolicy
from contracts.names import VARIANT_NAME


@dataclass(frozen=True, kw_only=True)
class GreenFleet:
    """What is being deployed, and where its alarms report."""

    endpoint_name: str
    config_name: str
    alarm_prefix: str
    topic_arn: str
    metric_namespace: str
    blue_config_name: str
    """Of the fleet that serves meanwhile; empty where there is none."""

    @staticmethod
    def alarm_prefix_of(alarm_prefix: str, config_name: str) -> str:
        """What the names of one deployment's alarms start with."""
        return f"{alarm_prefix}{config_name}-"

    def alarm_name(self, what: str) -> str:
        return self.alarm_prefix_of(self.alarm_prefix, self.config_name) + what

    @property
    def dimensions(self) -> list[dict[str, str]]:
        return [
            {"Name": "EndpointName", "Value": self.endpoint_name},
            {"Name": "VariantName", "Value": VARIANT_NAME},
            {"Name": metrics.CONFIG_DIMENSION, "Value": self.config_name},
        ]


def rollback_alarms(fleet: GreenFleet, policy: DeploymentPolicy) -> list[dict[str, Any]]:
    """PutMetricAlarm requests: error rate, latency, and the level of the predictions."""
    return [_error_rate(fleet, policy), _latency(fleet, policy), _predictions(fleet, policy)]


def _alarm(fleet: GreenFleet, what: str, description: str) -> dict[str, Any]:
    return {
        "AlarmName": fleet.alarm_name(what),
        "AlarmDescription": f"{description} Runbook: docs/runbook.md#{what}",
        "AlarmActions": [fleet.topic_arn],
        "EvaluationPeriods": EVALUATION_PERIODS,
        "DatapointsToAlarm": EVALUATION_PERIODS,
        "TreatMissingData": "notBreaching",
    }


def _query(name: str, metric: dict[str, Any], period: int, statistic: str) -> dict[str, Any]:
    return {
        "Id": name,
        "MetricStat": {"Metric": metric, "Period": period, "Stat": statistic},
        "ReturnData": False,
    }


def _error_rate(fleet: GreenFleet, policy: DeploymentPolicy) -> dict[str, Any]:
    """Share of requests that the model answered with 5xx, in percent."""
    period = policy.alarm_period_seconds

    def sum_of(name: str, metric: str) -> dict[str, Any]:
        of = {"Namespace": metrics.ENDPOINT_NAMESPACE, "MetricName": metric, "Dimensions": fleet.dimensions}
        return _query(name, of, period, "Sum")

    return {
        **_alarm(fleet, "error-rate", "The green fleet answers too many requests with 5xx."),
        "Metrics": [
            {"Id": "rate", "Expression": "100 * errors / requests", "Label": "5xx percent"},
            sum_of("errors", metrics.SERVER_ERRORS),
            sum_of("requests", metrics.INVOCATIONS),
        ],
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": policy.max_error_rate_percent,
    }


def _latency(fleet: GreenFleet, policy: DeploymentPolicy) -> dict[str, Any]:
    """p99 of ModelLatency, which SageMaker reports in microseconds."""
    return {
        **_alarm(fleet, "latency", "The green fleet's p99 model latency (microseconds) is too high."),
        "Namespace": metrics.ENDPOINT_NAMESPACE,
        "MetricName": metrics.MODEL_LATENCY,
        "Dimensions": fleet.dimensions,
        "ExtendedStatistic": "p99",
        "Period": policy.alarm_period_seconds,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": float(policy.max_model_latency_us),
    }


def _predictions(fleet: GreenFleet, policy: DeploymentPolicy) -> dict[str, Any]:
    """How far the answers' mean is from the training target's, in standard deviations, either way."""
    period = policy.alarm_period_seconds

    def shift_of(name: str, config_name: str) -> dict[str, Any]:
        dimensions = [{"Name": metrics.CONFIG_DIMENSION, "Value": config_name}]
        of = {
            "Namespace": fleet.metric_namespace,
            "MetricName": metrics.PREDICTION_SHIFT,
            "Dimensions": dimensions,
        }
        return _query(name, of, period, "Average")

    queries = [shift_of("green", fleet.config_name)]
    expression = "ABS(green)"
    if fleet.blue_config_name and policy.strategy != "all_at_once":
        # Requests unlike the training data move both fleets, and no model is to blame. Nor is a model that
        # answers unlike its predecessor, where it was the predecessor that was far off. A metric filter gives
        # a datapoint a minute: with FILL there would be newer ones in between, which say nothing of green
        # and would hide the one that does.
        queries.append(shift_of("blue", fleet.blue_config_name))
        expression = "IF(ABS(green) > ABS(blue), ABS(green - blue), 0)"
    return {
        **_alarm(fleet, "predictions", "The green fleet's predictions are far from what it was trained on."),
        "Metrics": [{"Id": "shift", "Expression": expression, "Label": "prediction shift"}, *queries],
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": policy.max_prediction_shift,
    }
