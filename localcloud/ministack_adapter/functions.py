"""ministack's Lambda."""

from __future__ import annotations

from localcloud.ministack_adapter.seam import Replaces, Seam, Uses


class LambdaSvc(Seam):
    path = "ministack.services.lambda_svc"

    create_esm = Replaces("_create_esm", takes="data")
    create_function = Replaces("_create_function", takes="data")
    execute_function_dispatch = Replaces(
        "_execute_function_dispatch", takes="func config event request_id started"
    )
    invalidate_worker = Replaces("invalidate_worker", takes="func_name qualifier account region")
    iter_all_esms = Replaces("_iter_all_esms", takes="")
    poll_kinesis = Replaces("_poll_kinesis", takes="")
    execute_function = Uses("_execute_function", takes="func event")
    execute_function_with_config_scope = Uses("_execute_function_with_config_scope", takes="func event")
    execution_record_for_config = Uses("_execution_record_for_config", takes="func config")
    fetch_code_from_s3 = Uses("_fetch_code_from_s3", takes="bucket key version_id")
    functions = Uses("_functions", holds="AccountRegionScopedDict")
    get_func_record_for_qualifier = Uses("_get_func_record_for_qualifier", takes="name qualifier")
    kinesis_positions = Uses("_kinesis_positions", holds="AccountRegionScopedDict")
    get_func_record_for_ref = Uses("_get_func_record_for_ref", takes="function_ref")
    vpc_config_with_id = Uses("_vpc_config_with_id", takes="request_config")
    xray_trace_id_for_invocation = Uses("_xray_trace_id_for_invocation", takes="config inbound_trace_header")


lambda_svc = LambdaSvc()
