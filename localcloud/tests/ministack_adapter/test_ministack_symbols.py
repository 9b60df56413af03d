"""Names every symbol of ministack that the platform plugs into: an upgrade that moves one fails here."""

import importlib
import inspect
from typing import Any

import pytest

PATCHED = {
    "ministack.app": ["app", "pin_request_origin", "_dispatch_service_request"],
    "ministack.core.iam_actions": ["extract_resource_arn", "s3_service_context"],
    "ministack.core.iam_evaluator": [
        "_fnmatch_compile",
        "_resolve_condition_key",
        "enforce",
        "is_root_access_key",
    ],
    "ministack.services.cloudwatch_logs": ["_create_log_group"],
    "ministack.services.ecr": ["_describe_images"],
    "ministack.services.eventbridge": ["_invoke_target"],
    "ministack.services.lambda_svc": [
        "_create_esm",
        "_create_function",
        "_execute_function_dispatch",
        "_iter_all_esms",
        "invalidate_worker",
    ],
    "ministack.services.s3": ["_fire_s3_event_async", "_resolve_sse_write_headers"],
    "ministack.services.sqs": ["load_persisted_state"],
    "ministack.services.stepfunctions": [
        "_create_state_machine",
        "_describe_execution",
        "_run_execution",
        "_start_execution",
        "_stop_execution",
        "_update_state_machine",
        "_validate_state_machine_definition",
        "handle_request",
        "load_persisted_state",
    ],
    "ministack.services.sts": ["get_state", "is_root_access_key", "load_persisted_state"],
}
USED = {
    "ministack.app": [
        "PERSIST_STATE",
        "SERVICE_HANDLERS",
        "SERVICE_REGISTRY",
        "_build_persistence_save_dict",
        "_routing_params",
        "_state_map",
        "call_service_handler_sync",
        "detect_service",
    ],
    "ministack.core.iam_actions": [
        "SERVICE_TO_IAM_NAMESPACE",
        "access_denied_response",
        "extract_iam_action",
        "identity_denial_message",
    ],
    "ministack.core.iam_evaluator": [
        "AuthError",
        "EvalContext",
        "_anonymous",
        "_resource_policy",
        "evaluate_resource_policy",
        "pin_request_origin",
        "request_caller_arn",
    ],
    "ministack.core.persistence": ["STATE_DIR", "_json_default", "_state_format_version"],
    "ministack.core.responses": [
        "error_response_json",
        "get_account_id",
        "json_response",
        "new_uuid",
        "now_iso",
        "request_scope",
    ],
    "ministack.core.router": ["SERVICE_PATTERNS", "extract_access_key_id"],
    "ministack.services.cloudformation.provisioners": ["_RESOURCE_HANDLERS", "_sfn_definition"],
    "ministack.services.cloudwatch": ["record_metric"],
    "ministack.services.cloudwatch_logs": [
        "_create_log_group",
        "_create_log_stream",
        "_log_groups",
        "_put_log_events",
    ],
    "ministack.services.dynamodb": ["_tables"],
    "ministack.services.ec2": [
        "_create_flow_logs",
        "_flow_logs",
        "_security_groups",
        "_subnets",
    ],
    "ministack.services.ecr": ["_find_image", "_repositories"],
    "ministack.services.eventbridge": [
        "_ensure_default_bus",
        "_pattern_event_view",
        "_put_events",
        "_rule_arn",
    ],
    "ministack.services.iam": [
        "_access_keys",
        "_attach_user_policy",
        "_create_user",
        "_now",
        "_roles",
        "_users",
    ],
    "ministack.services.kms": ["_resolve_key"],
    "ministack.services.lambda_svc": [
        "_fetch_code_from_s3",
        "_functions",
        "_get_func_record_for_ref",
        "_vpc_config_with_id",
        "_xray_trace_id_for_invocation",
    ],
    "ministack.services.s3": [
        "_bucket_default_sse_headers",
        "_bucket_encryption",
        "_bucket_notifications",
        "_buckets",
        "_fire_s3_event",
        "_next_event_sequencer",
        "_object_versions",
        "_stored_sse_headers",
    ],
    "ministack.services.sns": ["_topic_by_arn_any_scope"],
    "ministack.services.sqs": [
        "DEFAULT_PORT",
        "_CANONICAL_NETLOC",
        "_Err",
        "_HANDLERS",
        "_HOST_EXPLICIT",
        "_act_send_message",
        "_queue_by_arn",
        "_queue_url",
        "_queues",
        "_queues_lock",
        "esm_wake",
    ],
    "ministack.services.stepfunctions": [
        "_ExecutionError",
        "_apply_input_path",
        "_apply_output_path",
        "_apply_parameters",
        "_apply_result_path",
        "_apply_result_path_raw",
        "_apply_result_selector",
        "_emit_execution_status_event",
        "_evaluate_rule",
        "_execution_version_arn",
        "_executions",
        "_fail_state_error",
        "_finalize_response",
        "_jsonata_result_defined",
        "_map_runs",
        "_parse_reader_items",
        "_register_sfn_jsonata_functions",
        "_resolve_params_obj",
        "_resolve_path",
        "_resolve_path_or_ctx",
        "_resolve_state_machine_arn",
        "_state_machine_versions",
        "_state_machines",
        "_task_tokens",
        "_validate_definition_jsonata",
    ],
    "ministack.services.sts": ["_sessions", "register_session"],
}
ALL = [(module, name) for table in (PATCHED, USED) for module, names in table.items() for name in names]


@pytest.mark.parametrize(("module", "name"), ALL)
def test_ministack_has_the_symbol(module: str, name: str):
    assert hasattr(importlib.import_module(module), name)


@pytest.mark.parametrize(
    ("module", "name", "parameters"),
    [
        (
            "ministack.services.lambda_svc",
            "_execute_function_dispatch",
            "func config event request_id started",
        ),
        ("ministack.services.lambda_svc", "invalidate_worker", "func_name qualifier account region"),
        ("ministack.services.stepfunctions", "_run_execution", "exec_arn"),
        ("ministack.services.stepfunctions", "_start_execution", "data"),
        ("ministack.services.eventbridge", "_invoke_target", "target event rule view"),
        ("ministack.services.sqs", "_act_send_message", "data qurl"),
        (
            "ministack.core.iam_evaluator",
            "enforce",
            "access_key_id iam_action service region resource_arn service_context",
        ),
    ],
)
def test_what_is_replaced_takes_the_arguments_that_its_replacement_takes(
    module: str, name: str, parameters: str
):
    function: Any = getattr(importlib.import_module(module), name)
    assert list(inspect.signature(function).parameters) == parameters.split()


def test_the_version_is_the_one_that_this_was_written_for():
    from importlib.metadata import version

    assert version("ministack") == "1.5.33"
