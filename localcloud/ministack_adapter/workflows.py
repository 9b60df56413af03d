"""ministack's Step Functions."""

from __future__ import annotations

from localcloud.ministack_adapter.seam import Replaces, Seam, Uses


class Stepfunctions(Seam):
    path = "ministack.services.stepfunctions"

    create_state_machine = Replaces("_create_state_machine", takes="data")
    delete_state_machine = Replaces("_delete_state_machine", takes="data")
    describe_execution = Replaces("_describe_execution", takes="data")
    handle_request = Replaces("handle_request", takes="method path headers body query_params")
    list_activities = Replaces("_list_activities", takes="data")
    list_executions = Replaces("_list_executions", takes="data")
    list_state_machine_aliases = Replaces("_list_state_machine_aliases", takes="data")
    list_state_machine_versions = Replaces("_list_state_machine_versions", takes="data")
    list_state_machines = Replaces("_list_state_machines", takes="data")
    load_persisted_state = Replaces("load_persisted_state", takes="data")
    run_execution = Replaces("_run_execution", takes="exec_arn")
    send_task_failure = Replaces("_send_task_failure", takes="data")
    send_task_heartbeat = Replaces("_send_task_heartbeat", takes="data")
    send_task_success = Replaces("_send_task_success", takes="data")
    start_execution = Replaces("_start_execution", takes="data")
    start_sync_execution = Replaces("_start_sync_execution", takes="data")
    stop_execution = Replaces("_stop_execution", takes="data")
    test_state = Replaces("_test_state", takes="data")
    update_state_machine = Replaces("_update_state_machine", takes="data")
    validate_state_machine_definition = Replaces("_validate_state_machine_definition", takes="data")
    ExecutionError = Uses("_ExecutionError", holds="type")
    apply_input_path = Uses("_apply_input_path", takes="state_def data ctx")
    apply_output_path = Uses("_apply_output_path", takes="state_def data ctx")
    apply_parameters = Uses("_apply_parameters", takes="state_def data ctx")
    apply_result_path = Uses("_apply_result_path", takes="state_def original result")
    apply_result_path_raw = Uses("_apply_result_path_raw", takes="result_path original result")
    apply_result_selector = Uses("_apply_result_selector", takes="state_def data")
    emit_execution_status_event = Uses("_emit_execution_status_event", takes="execution")
    error_response_json = Uses(
        "error_response_json", takes="code message status extra message_key content_type"
    )
    evaluate_rule = Uses("_evaluate_rule", takes="rule data ctx")
    execution_version_arn = Uses("_execution_version_arn", takes="arn")
    executions = Uses("_executions", holds="AccountRegionScopedDict")
    fail_state_error = Uses("_fail_state_error", takes="state_def raw_input ctx")
    finalize_response = Uses("_finalize_response", takes="response")
    json_response = Uses("json_response", takes="data status content_type")
    jsonata_result_defined = Uses("_jsonata_result_defined", takes="expression bindings")
    map_runs = Uses("_map_runs", holds="AccountRegionScopedDict")
    parse_reader_items = Uses("_parse_reader_items", takes="text config")
    register_sfn_jsonata_functions = Uses("_register_sfn_jsonata_functions", takes="expr")
    resolve_params_obj = Uses("_resolve_params_obj", takes="template data ctx")
    resolve_path = Uses("_resolve_path", takes="path data")
    resolve_path_or_ctx = Uses("_resolve_path_or_ctx", takes="path data ctx")
    resolve_state_machine_arn = Uses("_resolve_state_machine_arn", takes="arn")
    sfn_jsonata_to_millis = Uses("_sfn_jsonata_to_millis", takes="timestamp picture")
    state_machine_versions = Uses("_state_machine_versions", holds="AccountRegionScopedDict")
    state_machines = Uses("_state_machines", holds="AccountRegionScopedDict")
    task_tokens = Uses("_task_tokens", holds="AccountRegionScopedDict")


stepfunctions = Stepfunctions()
