"""ministack's CloudTrail, CloudWatch and CloudWatch Logs."""

from __future__ import annotations

from localcloud.ministack_adapter.seam import Replaces, Seam, Uses


class CloudTrail(Seam):
    path = "ministack.services.cloudtrail"

    trails = Uses("_trails", holds="AccountRegionScopedDict")
    create_trail = Uses("_create_trail", takes="body")
    delete_trail = Uses("_delete_trail", takes="body")
    put_event_selectors = Uses("_put_event_selectors", takes="body")
    get_event_selectors = Uses("_get_event_selectors", takes="body")
    start_logging = Uses("_start_logging", takes="body")


class Cloudwatch(Seam):
    path = "ministack.services.cloudwatch"

    cloudformation_put_metric_alarm = Replaces("cloudformation_put_metric_alarm", takes="alarm")
    record_metric = Replaces("record_metric", takes="namespace metric_name value unit dimensions")
    alarm_history = Uses("_alarm_history", holds="AccountRegionScopedDict")
    alarms = Uses("_alarms", holds="AccountRegionScopedDict")
    composite_alarms = Uses("_composite_alarms", holds="AccountRegionScopedDict")
    get_state = Uses("get_state", takes="")
    handle_request = Uses("handle_request", takes="method path headers body query_params")
    load_persisted_state = Uses("load_persisted_state", takes="data")
    parse_alarm_rule = Uses("_parse_alarm_rule", takes="rule")
    reset = Uses("reset", takes="")
    resource_tags = Uses("_resource_tags", holds="AccountScopedDict")


class CloudwatchLogs(Seam):
    path = "ministack.services.cloudwatch_logs"

    compile_filter_pattern = Replaces("_compile_filter_pattern", takes="raw")
    create_log_group = Replaces("_create_log_group", takes="data")
    fanout_to_subscription_filters = Replaces(
        "_fanout_to_subscription_filters", takes="group_name stream_name events"
    )
    put_metric_filter = Replaces("_put_metric_filter", takes="data")
    subscription_pattern_matches = Replaces("_subscription_pattern_matches", takes="pattern message")
    create_log_stream = Uses("_create_log_stream", takes="data")
    log_groups = Uses("_log_groups", holds="AccountRegionScopedDict")
    metric_filters = Uses("_metric_filters", holds="AccountRegionScopedDict")
    put_log_events = Uses("_put_log_events", takes="data")


cloudtrail = CloudTrail()
cloudwatch = Cloudwatch()
cloudwatch_logs = CloudwatchLogs()
