"""A request as API Gateway hands it to a function, and as the functions read it.

The event: API Gateway Developer Guide, "Input format of a Lambda function for proxy integration" (REST).
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from lambdas.front.problems import Problem

JSON_TYPES = ("application/json", "")
_CHARSETS = ("", "utf-8", "utf8", "us-ascii")
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, kw_only=True)
class FrontRequest:
    """`caller` is who signed the request, or whose token it brought; header names are in lower case."""

    method: str
    resource: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    caller: str
    request_id: str

    @classmethod
    def read(cls, event: Mapping[str, Any], *, now_seconds: float) -> FrontRequest:
        """Raises Problem where the body can't be decoded, nobody stands behind the request, or the token
        that an earlier decision rests on has expired since."""
        context = event.get("requestContext") or {}
        headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
        return cls(
            method=str(event.get("httpMethod", "")),
            resource=str(event.get("resource", "")),
            headers=headers,
            query={name: str(value) for name, value in (event.get("queryStringParameters") or {}).items()},
            body=_body(event),
            caller=_caller(context, now_seconds),
            request_id=str(context.get("requestId") or uuid.uuid4()),
        )

    def document(self, most_bytes: int) -> dict[str, Any]:
        """The body as a JSON object; raises Problem."""
        if len(self.body) > most_bytes:
            raise Problem(413, f"the body has {len(self.body)} bytes, and at most {most_bytes} are taken")
        self._check_type()
        document = _parse(self.body)
        if not isinstance(document, dict):
            raise Problem(400, f"the body is {_kind(document)}; expected a JSON object")
        return document

    def _check_type(self) -> None:
        kind, _, parameters = self.headers.get("content-type", "").partition(";")
        if kind.strip().lower() not in JSON_TYPES:
            raise Problem(
                415, f"content-type {kind.strip()[:_SHOWN_CHARACTERS]!r}: expected application/json"
            )
        for parameter in parameters.split(";"):
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset" and value.strip(' "').lower() not in _CHARSETS:
                raise Problem(415, f"charset {_shown(value)}: send the body as UTF-8")
        coding = self.headers.get("content-encoding", "").strip().lower()
        if coding not in ("", "identity"):
            raise Problem(415, f"content-encoding {_shown(coding)}: send the body as it is")


def request_id_of(event: Mapping[str, Any]) -> str:
    """API Gateway's id of the request, whatever else is wrong with it."""
    return str((event.get("requestContext") or {}).get("requestId") or uuid.uuid4())


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise Problem(400, "the body is no base64, as the event says it is") from error


def _caller(context: Mapping[str, Any], now_seconds: float) -> str:
    """A token's caller comes from the authorizer, one that signs from IAM.

    API Gateway remembers what an authorizer decided for a while; the token may have expired in between.
    """
    authorizer = context.get("authorizer") or {}
    if caller := authorizer.get("caller"):
        if float(authorizer.get("expires") or 0) <= now_seconds:
            raise Problem(401, "the token has expired", headers={"www-authenticate": "Bearer"})
        return str(caller)
    arn = str((context.get("identity") or {}).get("userArn") or "")
    if not arn:
        raise Problem(401, "nobody stands behind the request: neither a signature nor a token")
    return principal_of(arn)


def principal_of(arn: str) -> str:
    """Who signed: of an assumed role the role, since each of its sessions has a name of its own."""
    head, _, resource = arn.rpartition(":")
    if resource.startswith("assumed-role/"):
        return f"{head}:{'/'.join(resource.split('/')[:2])}"
    return arn


def _parse(body: bytes) -> Any:
    """Strictly as RFC 8259 has it: neither NaN nor a key twice, of which one would be dropped in silence."""
    try:
        text = body.decode("utf-8")
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except UnicodeDecodeError as error:
        raise Problem(400, f"the body is not UTF-8: byte {error.start} is {body[error.start]:#x}") from error
    except RecursionError as error:
        raise Problem(400, "the body is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise Problem(400, f"the body is not JSON: {error.msg} at character {error.pos}") from error
    except ValueError as error:
        raise Problem(400, f"the body is not JSON: {str(error)[:_SHOWN_CHARACTERS]}") from error


def _refuse_constant(text: str) -> NoReturn:
    raise Problem(400, f"the body is not JSON: {text} is no number of it; write null for a missing value")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Problem(400, f"the key {twice[:_SHOWN_CHARACTERS]!r} stands twice in one object")
    return found


def _shown(text: str) -> str:
    return repr(text.strip()[:_SHOWN_CHARACTERS])


def _kind(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")
