"""CloudWatch's three protocols: JSON 1.0 (boto3), smithy-rpc-v2-cbor (other SDKs), and query with XML.

Requests are read and answers written by the shapes of botocore's own service model, so every operation speaks
all three.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from localcloud.services.cloudwatch.errors import ServiceError, validation_error
from localcloud.services.cloudwatch.protocol import cbor

Response = tuple[int, dict[str, str], bytes]

_OPERATION_IN_PATH = re.compile(r"/operation/([^/?]+)")
_NAMESPACE = "http://monitoring.amazonaws.com/doc/2010-08-01/"


@cache
def service_model() -> ServiceModel:
    """botocore's model of CloudWatch."""
    return botocore.session.get_session().get_service_model("cloudwatch")


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller asks, whichever protocol it spoke."""

    operation: str
    parameters: dict[str, Any]
    protocol: str
    """cbor, json or query"""


def read(path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]) -> Request:
    """The request in a call to CloudWatch; timestamps become epoch seconds."""
    protocol = protocol_of(headers)
    form = form_of(body, query) if protocol == "query" else {}
    operation = operation_of(path, headers, form)
    return Request(operation, parameters_of(operation, protocol, body, form), protocol)


def operation_of(path: str, headers: Mapping[str, str], form: Mapping[str, Any]) -> str:
    """The operation that a call names in its target header, its path or its form; empty if none."""
    if target := headers.get("x-amz-target", ""):
        return target.rsplit(".", 1)[-1]
    if match := _OPERATION_IN_PATH.search(path):
        return match.group(1)
    action = form.get("Action", "")
    return str(action[0] if isinstance(action, list) else action)


def parameters_of(operation: str, protocol: str, body: bytes, form: Mapping[str, str]) -> dict[str, Any]:
    """The typed parameters of a call; MalformedInput if they cannot be read."""
    shape = _input_shape(operation)
    if shape is None:
        return {}
    try:
        raw = _from_form(shape, form, "") if protocol == "query" else _decoded(protocol, body)
        return _typed(shape, raw) or {}
    except (ValueError, TypeError, AttributeError) as error:
        raise ServiceError("MalformedInput", f"The request could not be read: {error}") from None


def typed(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """An operation's parameters with the types of the model, as from a template, where 60 may be "60"."""
    shape = _input_shape(operation)
    if shape is None:
        raise ValueError(f"CloudWatch has no operation {operation} with parameters")
    return _typed(shape, parameters) or {}


def answer(request: Request, result: Mapping[str, Any]) -> Response:
    """A successful answer in the protocol of the request."""
    model = service_model().operation_model(request.operation)
    shape = model.output_shape
    if request.protocol == "query":
        return 200, {"Content-Type": "text/xml"}, _xml_answer(model, shape, result)
    document = _untyped(shape, result, request.protocol) if shape else {}
    if request.protocol == "json":
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(document).encode()
    return 200, _CBOR_HEADERS, cbor.dumps(document)


def refusal(protocol: str, error: ServiceError) -> Response:
    """An error in the protocol of the request."""
    fault = "Sender" if error.status < 500 else "Receiver"
    if protocol == "query":
        text = (
            f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>{fault}</Type><Code>{error.code}</Code>'
            f"<Message>{escape(error.message)}</Message></Error><RequestId>{uuid4()}</RequestId></ErrorResponse>"
        )
        return error.status, {"Content-Type": "text/xml"}, text.encode()
    document = {"__type": error.code, "message": error.message}
    headers = {"x-amzn-query-error": f"{error.code};{fault}"}
    if protocol == "json":
        headers["Content-Type"] = "application/x-amz-json-1.0"
        return error.status, headers, json.dumps(document).encode()
    return error.status, {**_CBOR_HEADERS, **headers}, cbor.dumps(document)


_CBOR_HEADERS = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}


def protocol_of(headers: Mapping[str, str]) -> str:
    """cbor, json or query."""
    content_type = headers.get("content-type", "")
    if "cbor" in content_type or "cbor" in headers.get("smithy-protocol", ""):
        return "cbor"
    return "json" if "json" in content_type or headers.get("x-amz-target") else "query"


def _input_shape(operation: str) -> StructureShape | None:
    if operation not in service_model().operation_names:
        return None
    return service_model().operation_model(operation).input_shape


def _decoded(protocol: str, body: bytes) -> Any:
    if not body:
        return {}
    return cbor.loads(body) if protocol == "cbor" else json.loads(body)


def form_of(body: bytes, query: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a query-protocol call, from its body and its URL."""
    pairs = {**query, **parse_qs(body.decode(), keep_blank_values=True)}
    return {key: value[0] if isinstance(value, list) else value for key, value in pairs.items()}


def _from_form(shape: Shape, form: Mapping[str, str], prefix: str) -> Any:
    """The value under `prefix`: `A.member.1.B=x` is {"A": [{"B": "x"}]}; None if there is none."""
    if isinstance(shape, StructureShape):
        dot = f"{prefix}." if prefix else ""
        parts = {name: _from_form(member, form, f"{dot}{name}") for name, member in shape.members.items()}
        found = {name: part for name, part in parts.items() if part is not None}
        return found or (None if prefix else {})
    if isinstance(shape, ListShape):
        items: list[Any] = []
        while (item := _from_form(shape.member, form, f"{prefix}.member.{len(items) + 1}")) is not None:
            items.append(item)
        return items or None
    return form.get(prefix)


def _typed(shape: Shape, value: Any) -> Any:
    """A decoded value with the types of the model; unknown members are dropped."""
    if value is None:
        return None
    if isinstance(shape, StructureShape):
        members = shape.members
        typed = {name: _typed(members[name], part) for name, part in dict(value).items() if name in members}
        return {name: part for name, part in typed.items() if part is not None}
    if isinstance(shape, ListShape):
        return [_typed(shape.member, item) for item in value]
    reader = _READERS.get(shape.type_name)
    return reader(value) if reader else value


def _boolean(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() == "true"


def _timestamp(value: Any) -> float:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(value)
    except ValueError:
        moment = datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise validation_error(f"a text was expected, not {value!r}")
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "timestamp": _timestamp,
    "integer": int,
    "long": int,
    "double": float,
    "float": float,
    "string": _text,
}


def _untyped(shape: Shape, value: Any, protocol: str) -> Any:
    """A result ready for JSON or CBOR; members that are None or not in the model are left out."""
    if isinstance(shape, StructureShape):
        members = shape.members
        present = {name: part for name, part in value.items() if name in members and part is not None}
        return {name: _untyped(members[name], part, protocol) for name, part in present.items()}
    if isinstance(shape, ListShape):
        return [_untyped(shape.member, item, protocol) for item in value]
    if isinstance(shape, MapShape):
        return {key: _untyped(shape.value, item, protocol) for key, item in value.items()}
    if shape.type_name == "timestamp":
        return cbor.Timestamp(_timestamp(value)) if protocol == "cbor" else _timestamp(value)
    if shape.type_name in ("double", "float"):
        return float(value)
    return value


def _xml_answer(model: OperationModel, shape: Shape | None, result: Mapping[str, Any]) -> bytes:
    name = model.name
    inner = f"<{name}Result>{_xml(shape, result)}</{name}Result>" if shape else ""
    metadata = f"<ResponseMetadata><RequestId>{uuid4()}</RequestId></ResponseMetadata>"
    return f'<{name}Response xmlns="{_NAMESPACE}">{inner}{metadata}</{name}Response>'.encode()


def _xml(shape: Shape, value: Any) -> str:
    if isinstance(shape, StructureShape):
        present = ((name, value.get(name)) for name in shape.members)
        return "".join(
            f"<{name}>{_xml(shape.members[name], part)}</{name}>"
            for name, part in present
            if part is not None
        )
    if isinstance(shape, ListShape):
        return "".join(f"<member>{_xml(shape.member, item)}</member>" for item in value)
    if isinstance(shape, MapShape):
        entries = ((escape(key), _xml(shape.value, item)) for key, item in value.items())
        return "".join(f"<entry><key>{key}</key><value>{item}</value></entry>" for key, item in entries)
    if shape.type_name == "timestamp":
        moment = datetime.fromtimestamp(_timestamp(value), UTC).isoformat(timespec="milliseconds")
        return moment.replace("+00:00", "Z")
    if shape.type_name == "boolean":
        return str(value).lower()
    return escape(str(value))
