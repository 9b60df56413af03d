"""ministack's EventBridge and its scheduler."""

from __future__ import annotations

from localcloud.ministack_adapter.seam import Replaces, Seam, Uses


class Eventbridge(Seam):
    path = "ministack.services.eventbridge"

    SCHEDULER_TICK_INTERVAL = Replaces("_SCHEDULER_TICK_INTERVAL", holds="int")
    dispatch_event = Replaces("_dispatch_event", takes="event view")
    invoke_target = Replaces("_invoke_target", takes="target event rule view")
    now_seconds = Replaces("_now_ts", takes="")
    cron_next_fire = Uses("_cron_next_fire", takes="fields after_dt")
    ensure_default_bus = Uses("_ensure_default_bus", takes="")
    parse_cron_fields = Uses("_parse_cron_fields", takes="expr")
    pattern_event_view = Uses("_pattern_event_view", takes="event")
    put_events = Uses("_put_events", takes="data allow_aws_source")
    rule_arn = Uses("_rule_arn", takes="rule_name bus_name")


class Scheduler(Seam):
    path = "ministack.services.scheduler"

    SCHEDULE_TICK_INTERVAL = Replaces("_SCHEDULE_TICK_INTERVAL", holds="int")
    create_schedule = Replaces("_create_schedule", takes="name body")
    tick_schedules = Replaces("_tick_schedules", takes="")
    time = Replaces("time", holds="module")
    update_schedule = Replaces("_update_schedule", takes="name body")
    schedules = Uses("_schedules", holds="AccountRegionScopedDict")


eventbridge = Eventbridge()
scheduler = Scheduler()
