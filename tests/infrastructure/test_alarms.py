from __future__ import annotations

import ast
import json
import re

from contracts import metrics
from contracts.names import folder_of
from infra_cdk.functions.imports import imported_files
from tests.infrastructure.conftest import ROOT
from tests.infrastructure.template import Synthesised, text

ENDPOINT_METRICS = {
    metrics.INVOCATIONS,
    metrics.CLIENT_ERRORS,
    metrics.SERVER_ERRORS,
    metrics.MODEL_LATENCY,
    metrics.OVERHEAD_LATENCY,
}
EXECUTIONS = ("Started", "Succeeded", "Failed", "TimedOut", "Aborted")


def emitted_names(template: Synthesised) -> set[str]:
    """Metrics that some function of the stack emits, found where its code uses contracts.metrics."""
    prefix = f"{template.names.prefix}-"
    states = [f["FunctionName"].removeprefix(prefix) for f in template.properties("AWS::Lambda::Function")]
    files = imported_files(ROOT, [f"lambdas.{folder_of(state)}.handler" for state in states])
    used = {
        node.attr
        for path in files
        if path.parts[0] == "lambdas"
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "metrics"
    }
    return {str(getattr(metrics, name)) for name in used if name.isupper()}


def own_metrics(template: Synthesised) -> set[str]:
    """Metrics of the pipeline's own namespace that alarms and dashboard read."""
    namespace = template.names.metric_namespace
    alarmed = {
        stat["MetricName"]
        for alarm in template.properties("AWS::CloudWatch::Alarm")
        for stat in (
            alarm,
            *(m["MetricStat"]["Metric"] for m in alarm.get("Metrics", []) if "MetricStat" in m),
        )
        if stat.get("Namespace") == namespace
    }
    shown = text(template.the("AWS::CloudWatch::Dashboard")[1]["DashboardBody"])
    return alarmed | set(re.findall(rf'\["{re.escape(namespace)}","(\w+)"', shown))


def filtered_metrics(template: Synthesised) -> set[str]:
    return {
        transformation["MetricName"]
        for f in template.properties("AWS::Logs::MetricFilter")
        for transformation in f["MetricTransformations"]
    }


def test_every_alarm_tells_the_topic(template):
    topic = template.document["Outputs"]["AlarmTopicArn"]["Value"]
    for alarm in template.properties("AWS::CloudWatch::Alarm"):
        assert alarm["AlarmActions"] == [topic]


def test_every_alarm_names_a_section_that_the_runbook_has(template):
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs/runbook.md").read_text(encoding="utf-8"), re.MULTILINE)
    sections = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for alarm in template.properties("AWS::CloudWatch::Alarm"):
        section = alarm["AlarmDescription"].partition("docs/runbook.md#")[2]
        assert section in sections, alarm["AlarmName"]


def test_no_alarm_fires_for_want_of_traffic(template):
    for alarm in template.properties("AWS::CloudWatch::Alarm"):
        assert alarm["TreatMissingData"] == "notBreaching"


def test_alarms_and_dashboard_read_only_what_some_function_emits(template):
    assert own_metrics(template)
    assert own_metrics(template) <= emitted_names(template)


def test_cleaning_up_after_a_deployment_spares_the_standing_alarms(template):
    for alarm in template.properties("AWS::CloudWatch::Alarm"):
        assert not alarm["AlarmName"].startswith(template.names.rollback_alarm_prefix)


def test_the_operators_are_told_of_what_an_upload_can_die_of(template):
    watched = {
        (alarm.get("Namespace"), alarm.get("MetricName"))
        for alarm in template.properties("AWS::CloudWatch::Alarm")
    }
    assert {
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        ("AWS/States", "ExecutionsFailed"),
        (template.names.metric_namespace, metrics.DEPLOYMENTS_ROLLED_BACK),
    } <= watched


def test_a_rollback_alarm_can_watch_the_predictions_of_the_green_fleet_alone(template):
    assert filtered_metrics(template) == {metrics.PREDICTION_SHIFT}
    (found,) = template.properties("AWS::Logs::MetricFilter")
    group = template.resources[found["LogGroupName"]["Ref"]]["Properties"]["LogGroupName"]
    assert group == template.names.endpoint_log_group
    (transformation,) = found["MetricTransformations"]
    assert [d["Key"] for d in transformation["Dimensions"]] == [metrics.CONFIG_DIMENSION]


def test_the_dashboard_shows_endpoint_fleet_deployments_executions_and_uploads(template):
    """And of the pipeline's own metrics all but those that an alarm or a report tells."""
    told_elsewhere = {
        metrics.ROWS_READ,
        metrics.ROWS_QUARANTINED,
        metrics.CHALLENGERS_NOT_COMPARABLE,
        metrics.CHAMPIONS_COLLAPSED,
        metrics.ENDPOINT_ASTRAY,
        metrics.UPLOADS_LOST,
        metrics.PREDICTION_SHIFT,  # by config: the graph searches for it
    }
    counted = {value for value in vars(metrics).values() if isinstance(value, str) and value.isalpha()}
    own = (emitted_names(template) & counted) - told_elsewhere - ENDPOINT_METRICS - {metrics.CONFIG_DIMENSION}
    assert shown_on_dashboard(template) == {
        *((template.names.metric_namespace, name) for name in own),
        *((metrics.ENDPOINT_NAMESPACE, name) for name in ENDPOINT_METRICS),
        (metrics.FLEET_NAMESPACE, metrics.CPU_UTILIZATION),
        (metrics.FLEET_NAMESPACE, metrics.MEMORY_UTILIZATION),
        (metrics.FLEET_NAMESPACE, metrics.DISK_UTILIZATION),
        *(("AWS/States", f"Executions{how}") for how in EXECUTIONS),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        ("search", metrics.PREDICTION_SHIFT),
    }


def shown_on_dashboard(template: Synthesised) -> set[tuple[str, str]]:
    """Namespace and name of each metric on the dashboard's graphs, and what a graph searches for."""
    body = text(template.the("AWS::CloudWatch::Dashboard")[1]["DashboardBody"])
    rows = [
        row
        for widget in json.loads(re.sub(r"<[^>]+>", "x", body))["widgets"]
        for row in widget["properties"].get("metrics", [])
    ]
    named = {(row[0], row[1]) for row in rows if isinstance(row[0], str)}
    searched = [row[0]["expression"] for row in rows if not isinstance(row[0], str)]
    return named | {("search", name) for text in searched for name in re.findall(r'MetricName="(\w+)"', text)}


def test_the_dashboard_is_json_that_shows_every_alarm(template):
    body = template.the("AWS::CloudWatch::Dashboard")[1]["DashboardBody"]
    shown = text(body)
    assert json.loads(re.sub(r"<[^>]+>", "x", shown))["widgets"]
    assert all(f"<{name}.Arn>" in shown for name in template.of_type("AWS::CloudWatch::Alarm"))
