"""What the cloud's CloudWatch plugs into ministack, by name: a ministack that lacks one is found here."""

import importlib
import inspect

import pytest

USED = {
    "app": (
        "AUTH",
        "_get_module",
        "_loaded_modules",
        "_reset_all_state",
        "SERVICE_HANDLERS",
    ),
    "core.iam_actions": (
        "extract_iam_action",
        "extract_resource_arn",
        "identity_denial_message",
        "request_tag_context",
    ),
    "core.iam_evaluator": ("EvalContext", "enforce", "evaluate_resource_policy"),
    "core.responses": ("error_response_json", "get_account_id", "get_region", "request_scope"),
    "core.router": ("extract_access_key_id",),
    "services.cloudformation.provisioners": (
        "_RESOURCE_HANDLERS",
        "_STACK_TAG_PROPERTY",
        "_delete_predecessor",
        "_physical_name",
    ),
    "services.cloudwatch": (
        "_alarm_history",
        "_alarms",
        "_composite_alarms",
        "_parse_alarm_rule",
        "_resource_tags",
        "cloudformation_put_metric_alarm",
        "get_state",
        "handle_request",
        "load_persisted_state",
        "record_metric",
        "reset",
    ),
    "services.cloudwatch_logs": (
        "_compile_filter_pattern",
        "_fanout_to_subscription_filters",
        "_metric_filters",
        "_put_metric_filter",
        "_subscription_pattern_matches",
    ),
    "services.eventbridge": (
        "_SCHEDULER_TICK_INTERVAL",
        "_ensure_default_bus",
        "_now_ts",
        "_put_events",
        "_tick_scheduled_rules",
    ),
    "services.lambda_svc": (
        "_execute_function_with_config_scope",
        "_execution_record_for_config",
        "_get_func_record_for_ref",
    ),
    "services.scheduler": ("_SCHEDULE_TICK_INTERVAL", "_now", "time"),
    "services.sns": ("SnsPublishError", "publish_internal", "topic_policy_allows", "topic_policy_for_arn"),
}

SIGNATURES = {
    "core.iam_actions.extract_iam_action": "service method path headers body query_params",
    "core.iam_actions.extract_resource_arn": (
        "service method path headers body query_params region account_id"
    ),
    "core.iam_actions.request_tag_context": "service iam_action body params",
    "services.cloudwatch.record_metric": "namespace metric_name value unit dimensions",
    "services.cloudwatch_logs._compile_filter_pattern": "raw",
    "services.cloudwatch_logs._fanout_to_subscription_filters": "group_name stream_name events",
    "services.cloudwatch_logs._put_metric_filter": "data",
    "services.cloudwatch_logs._subscription_pattern_matches": "pattern message",
    "services.sns.topic_policy_allows": "topic_arn service source_arn source_account",
}

CALLED_BY_NAME = {
    "services.lambda_svc": ("_fanout_to_subscription_filters", "record_metric"),
    "services.cloudwatch_logs": ("_fanout_to_subscription_filters(group",),
    "services.eventbridge": ("time.sleep(_SCHEDULER_TICK_INTERVAL)", "_now_ts()"),
    "services.scheduler": ("time.sleep(_SCHEDULE_TICK_INTERVAL)", "time.time()"),
    "services.autoscaling": ("_cw.cloudformation_put_metric_alarm(alarm)",),
    "services.cloudformation.engine": ("from .provisioners import _RESOURCE_HANDLERS",),
}
"""Places that look a replaced symbol up when they run; bound earlier, the replacement would be missed."""


def module(name):
    return importlib.import_module(f"ministack.{name}")


@pytest.mark.parametrize(
    ("name", "symbol"), [(name, symbol) for name, all_ in USED.items() for symbol in all_]
)
def test_ministack_has_the_symbol(name, symbol):
    assert hasattr(module(name), symbol)


@pytest.mark.parametrize("path", SIGNATURES)
def test_a_replaced_function_takes_what_the_replacement_takes(path):
    name, _, symbol = path.rpartition(".")
    assert list(inspect.signature(getattr(module(name), symbol)).parameters) == SIGNATURES[path].split()


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, all_ in CALLED_BY_NAME.items() for text in all_]
)
def test_ministack_looks_the_replaced_symbol_up_when_it_runs(name, text):
    assert text in inspect.getsource(module(name))


def test_the_stores_are_kept_per_account_and_region():
    from ministack.core.responses import AccountRegionScopedDict
    from ministack.services import cloudwatch

    for store in (cloudwatch._alarms, cloudwatch._composite_alarms, cloudwatch._alarm_history):
        assert isinstance(store, AccountRegionScopedDict)
    for method in ("contains_scoped", "get_scoped", "items_scoped", "pop_scoped", "set_scoped", "to_dict"):
        assert callable(getattr(AccountRegionScopedDict, method))


def test_alarm_rules_are_read_into_the_known_tree():
    from ministack.services import cloudwatch

    rule = 'NOT ALARM("a") AND (OK(b) OR TRUE) OR AT_LEAST(50%, NOT OK, (a, b))'
    assert cloudwatch._parse_alarm_rule(rule) == (
        "or",
        ("and", ("not", ("state", "ALARM", "a")), ("or", ("state", "OK", "b"), ("const", True))),
        ("at_least", 50, True, True, "OK", ("a", "b")),
    )
