"""ministack's gateway: dispatch, routing, answers, and what it keeps on disk."""

from __future__ import annotations

from localcloud.ministack_adapter.seam import Replaces, Seam, Uses


class App(Seam):
    path = "ministack.app"

    PERSIST_STATE = Replaces("PERSIST_STATE", holds="bool")
    app = Replaces("app", takes="scope receive send")
    dispatch_service_request = Replaces(
        "_dispatch_service_request", takes="method path headers body query_params request_id"
    )
    pin_request_origin = Replaces("pin_request_origin", takes="source_ip secure_transport")
    AUTH = Uses("AUTH", holds="bool")
    MAIN_LOOP = Uses("_MAIN_LOOP", holds="NoneType")
    SERVICE_HANDLERS = Uses("SERVICE_HANDLERS", holds="dict")
    SERVICE_REGISTRY = Uses("SERVICE_REGISTRY", holds="dict")
    build_persistence_save_dict = Uses("_build_persistence_save_dict", takes="")
    call_service_handler_sync = Uses(
        "call_service_handler_sync", takes="handler method path headers body query_params timeout"
    )
    detect_service = Uses("detect_service", takes="method path headers query_params")
    loaded_modules = Uses("_loaded_modules", holds="dict")
    routing_params = Uses("_routing_params", takes="method path headers body query_params")
    state_map = Uses("_state_map", holds="dict")


class Router(Seam):
    path = "ministack.core.router"

    SERVICE_PATTERNS = Uses("SERVICE_PATTERNS", holds="dict")
    extract_access_key_id = Uses("extract_access_key_id", takes="headers query_params")


class Responses(Seam):
    path = "ministack.core.responses"

    error_response_json = Uses(
        "error_response_json", takes="code message status extra message_key content_type"
    )
    get_account_id = Uses("get_account_id", takes="")
    get_region = Uses("get_region", takes="")
    json_response = Uses("json_response", takes="data status content_type")
    new_uuid = Uses("new_uuid", takes="")
    now_iso = Uses("now_iso", takes="")
    request_scope = Uses("request_scope", takes="account_id region")


class Persistence(Seam):
    path = "ministack.core.persistence"

    STATE_DIR = Uses("STATE_DIR", holds="str")
    json_default = Uses("_json_default", takes="obj")
    state_format_version = Uses("_state_format_version", takes="service")


class Tagging(Seam):
    path = "ministack.services.tagging"

    RESOURCE_TAG_COLLECTORS = Uses("_RESOURCE_TAG_COLLECTORS", holds="dict")


app = App()
router = Router()
responses = Responses()
persistence = Persistence()
tagging = Tagging()
