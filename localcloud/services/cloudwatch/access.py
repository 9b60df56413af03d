"""Which permission a call to CloudWatch needs, on which resources, with which condition keys.

ministack enforces IAM; it asks these functions what to check. Resources and keys: Service Authorization
Reference, "Actions, resources, and condition keys for Amazon CloudWatch".
"""

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.ministack_adapter import app, iam_actions, iam_evaluator, responses, router
from localcloud.services.cloudwatch.errors import ServiceError
from localcloud.services.cloudwatch.protocol import wire

_SERVICE = "monitoring"
_ALARM_OPERATIONS = (
    "PutMetricAlarm",
    "PutCompositeAlarm",
    "SetAlarmState",
    "DescribeAlarmHistory",
    "DescribeAlarms",
    "DeleteAlarms",
    "EnableAlarmActions",
    "DisableAlarmActions",
)
_ACTION_LISTS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def resources(operation: str, parameters: Mapping[str, Any], account: str, region: str) -> list[str]:
    """The ARNs that a call needs a permission on; `*` for what has no ARN, such as metrics."""
    if operation in _ALARM_OPERATIONS:
        names = parameters.get("AlarmNames") or [parameters.get("AlarmName") or "*"]
        return [f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}" for name in names]
    dashboards = parameters.get("DashboardNames") or [parameters.get("DashboardName")]
    if dashboards[0]:
        return [f"arn:aws:cloudwatch::{account}:dashboard/{name}" for name in dashboards]
    return [parameters.get("ResourceARN") or "*"]


def condition_keys(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys that a call carries."""
    keys: dict[str, Any] = {}
    if operation == "PutMetricData":
        keys["cloudwatch:namespace"] = parameters.get("Namespace") or ""
    if operation in ("PutMetricAlarm", "PutCompositeAlarm"):
        keys["cloudwatch:AlarmActions"] = [
            action for key in _ACTION_LISTS for action in parameters.get(key) or []
        ]
    tags = parameters.get("Tags") or []
    if tags:
        keys["aws:TagKeys"] = [tag.get("Key") for tag in tags]
        keys.update({f"aws:RequestTag/{tag.get('Key')}".lower(): tag.get("Value") for tag in tags})
    return keys


def check_further_resources(
    request: wire.Request, headers: Mapping[str, str], query: Mapping[str, Any]
) -> None:
    """Check the second and later alarms that a call names; the first one was checked on the way in."""
    if not app.AUTH:
        return
    key = router.extract_access_key_id(headers, query)
    for arn in resources(
        request.operation, request.parameters, responses.get_account_id(), responses.get_region()
    )[1:]:
        denied = iam_evaluator.enforce(
            key, f"cloudwatch:{request.operation}", _SERVICE, responses.get_region(), resource_arn=arn
        )
        if denied:
            action = f"cloudwatch:{request.operation}"
            message = iam_actions.identity_denial_message(action, denied.principal_arn, arn, False)
            raise ServiceError("AccessDenied", message, 403)


def install() -> None:
    """Have ministack ask this module about calls to CloudWatch, in any of the three protocols."""
    iam_actions.extract_iam_action = _action(iam_actions.extract_iam_action)
    iam_actions.extract_resource_arn = _first_resource(iam_actions.extract_resource_arn)
    iam_actions.request_tag_context = _context(iam_actions.request_tag_context)


def _action(original: Callable[..., Any]) -> Callable[..., Any]:
    def extract_iam_action(
        service: str, method: str, path: str, headers: Mapping[str, str], body: bytes, params: Any
    ) -> Any:
        if service == _SERVICE and (operation := wire.operation_of(path, headers, _form(body, params))):
            return f"cloudwatch:{operation}"
        return original(service, method, path, headers, body, params)

    return extract_iam_action


def _first_resource(original: Callable[..., Any]) -> Callable[..., Any]:
    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        params: Any,
        region: str,
        account_id: str,
    ) -> Any:
        if service != _SERVICE:
            return original(service, method, path, headers, body, params, region, account_id)
        operation = wire.operation_of(path, headers, _form(body, params))
        return resources(operation, _parameters(operation, body, params), account_id, region)[0]

    return extract_resource_arn


def _context(original: Callable[..., Any]) -> Callable[..., Any]:
    def request_tag_context(service: str, iam_action: str, body: bytes, params: Any) -> Any:
        if service != _SERVICE:
            return original(service, iam_action, body, params)
        operation = iam_action.split(":", 1)[-1]
        return condition_keys(operation, _parameters(operation, body, params))

    return request_tag_context


def _parameters(operation: str, body: bytes, params: Mapping[str, Any]) -> dict[str, Any]:
    """A call's parameters, told by its body alone; an unreadable call is refused later."""
    protocol = "json" if body[:1] == b"{" else "cbor" if body[:1] > b"\x7f" else "query"
    try:
        return wire.parameters_of(
            operation, protocol, body, _form(body, params) if protocol == "query" else {}
        )
    except ServiceError:
        return {}


def _form(body: bytes, params: Mapping[str, Any]) -> dict[str, str]:
    return wire.form_of(body if body[:1] not in (b"{", b"") and body[:1] <= b"\x7f" else b"", params)
