"""ministack's IAM, STS and KMS: who calls, and what policies say."""

from __future__ import annotations

from localcloud.ministack_adapter.seam import Replaces, Seam, Uses


class IamActions(Seam):
    path = "ministack.core.iam_actions"

    access_denied_response = Replaces(
        "access_denied_response",
        takes="service action principal_arn request_id error_code "
        "message headers resource_arn explicit_deny resource_policy_arn",
    )
    extract_iam_action = Replaces("extract_iam_action", takes="service method path headers body query_params")
    extract_resource_arn = Replaces(
        "extract_resource_arn", takes="service method path headers body query_params region account_id"
    )
    request_tag_context = Replaces("request_tag_context", takes="service iam_action body params")
    s3_service_context = Replaces("s3_service_context", takes="iam_action query_params path headers")
    BOTOCORE_SERVICE_MAP = Uses("_BOTOCORE_SERVICE_MAP", holds="dict")
    SERVICE_TO_IAM_NAMESPACE = Uses("SERVICE_TO_IAM_NAMESPACE", holds="dict")
    identity_denial_message = Uses(
        "identity_denial_message", takes="action principal_arn resource explicit_deny"
    )


class IamEvaluator(Seam):
    path = "ministack.core.iam_evaluator"

    enforce = Replaces(
        "enforce", takes="access_key_id iam_action service region resource_arn service_context"
    )
    fnmatch_compile = Replaces("_fnmatch_compile", takes="pattern ignore_case")
    is_root_access_key = Replaces("is_root_access_key", takes="access_key_id")
    resolve_condition_key = Replaces("_resolve_condition_key", takes="key ctx")
    AuthError = Uses("AuthError", holds="type")
    EvalContext = Uses("EvalContext", holds="type")
    anonymous = Uses("_anonymous", holds="ContextVar")
    evaluate = Uses("evaluate", takes="ctx policies limits")
    evaluate_resource_policy = Uses(
        "evaluate_resource_policy", takes="doc ctx service named_only direct_only"
    )
    gather_role_policies = Uses("_gather_role_policies", takes="role_name account_id")
    gather_user_policies = Uses("_gather_user_policies", takes="user_name account_id")
    parse_policy_document = Uses("parse_policy_document", takes="doc")
    pin_request_origin = Uses("pin_request_origin", takes="source_ip secure_transport")
    request_caller_arn = Uses("request_caller_arn", takes="headers query_params")
    resolve_credential = Uses("resolve_credential", takes="access_key_id account_id session_token")
    resource_policy = Uses("_resource_policy", takes="service resource_arn")


class Iam(Seam):
    path = "ministack.services.iam"

    IAM_HANDLERS = Uses("_IAM_HANDLERS", holds="dict")
    access_keys = Uses("_access_keys", holds="AccountScopedDict")
    attach_user_policy = Uses("_attach_user_policy", takes="p")
    create_user = Uses("_create_user", takes="p")
    error_response = Uses("_error", takes="status code message ns")
    now = Uses("_now", takes="")
    parameter = Uses("_p", takes="params key default")
    roles = Uses("_roles", holds="AccountScopedDict")
    users = Uses("_users", holds="AccountScopedDict")
    xml_response = Uses("_xml", takes="status root_tag inner ns")


class Sts(Seam):
    path = "ministack.services.sts"

    get_state = Replaces("get_state", takes="")
    is_root_access_key = Replaces("is_root_access_key", takes="access_key_id")
    load_persisted_state = Replaces("load_persisted_state", takes="data")
    register_session = Uses("register_session", takes="access_key session")
    sessions = Uses("_sessions", holds="dict")


class Kms(Seam):
    path = "ministack.services.kms"

    resolve_key = Uses("_resolve_key", takes="key_id_or_arn")


iam_actions = IamActions()
iam_evaluator = IamEvaluator()
iam = Iam()
sts = Sts()
kms = Kms()
