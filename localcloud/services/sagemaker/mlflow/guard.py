"""What stands before the tracking server: only the gateway and a browser that was let in are answered.

The server has a port on loopback, which every program of this machine reaches. The gateway, which checks each
caller's signature, says a secret; a browser comes with the token of CreatePresignedMlflowAppUrl and gets a
session, as it does on AWS. Locations that are not in a store of the app's are refused: `file:` would have the
server read and write this machine's files in anyone's name.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

HEADER = "x-localcloud-gateway"
SECRET_VARIABLE = "LOCALCLOUD_MLFLOW_SECRET"  # noqa: S105 (a variable's name)
COOKIE = "localcloud-session"
LOGIN_PATH = "/auth"
_LOCATIONS = {"experiments/create": "artifact_location", "model-versions/create": "source"}
_SCHEMES = frozenset({"s3", "runs", "models", "mlflow-artifacts"})
_MOST_BYTES = 1024 * 1024
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def token(secret: str, kind: str, expires_at: float, session_seconds: int = 0) -> str:
    """Something that only who knows the secret can make: `kind` is `login` or `session`."""
    said = f"{int(expires_at)}.{session_seconds}"
    proof = hmac.new(secret.encode(), f"{kind}.{said}".encode(), hashlib.sha256).hexdigest()
    return f"{said}.{proof}"


def is_valid(secret: str, kind: str, given: str, now: float) -> bool:
    """Whether a token is of this kind, of this secret and not expired."""
    expires_at, _, rest = given.partition(".")
    seconds = rest.partition(".")[0]
    if not (expires_at.isdecimal() and seconds.isdecimal()):
        return False
    expected = token(secret, kind, int(expires_at), int(seconds))
    return hmac.compare_digest(expected, given) and now < int(expires_at)


class Guard:
    """An ASGI application around MLflow's."""

    def __init__(self, inner: Any, secret: str, now: Callable[[], float] = time.time) -> None:
        self._inner = inner
        self._secret = secret
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["path"] == LOGIN_PATH:
            await self._log_in(scope, send)
        elif not self._is_let_in(headers):
            await _answer(send, 403, "The request is not signed: call the app through SageMaker's endpoint.")
        else:
            await self._pass_on(scope, receive, send)

    def _is_let_in(self, headers: dict[str, str]) -> bool:
        if hmac.compare_digest(headers.get(HEADER, ""), self._secret):
            return True
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        session = cookies.get(COOKIE)
        return session is not None and is_valid(self._secret, "session", session.value, self._now())

    async def _log_in(self, scope: Scope, send: Send) -> None:
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("authToken", [""])[0]
        if not is_valid(self._secret, "login", given, self._now()):
            await _answer(send, 403, "The link is not valid or no longer: ask for another one.")
            return
        seconds = int(given.split(".")[1])
        session = token(self._secret, "session", self._now() + seconds, seconds)
        cookie = f"{COOKIE}={session}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Strict"
        await _answer(send, 302, "", (b"location", b"/"), (b"set-cookie", cookie.encode()))

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        member = next((name for path, name in _LOCATIONS.items() if scope["path"].endswith(path)), None)
        if member is None or scope["method"] != "POST":
            await self._inner(scope, receive, send)
            return
        body = b""
        more = True
        while more and len(body) <= _MOST_BYTES:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if problem := location_problem(body, member):
            document = {"error_code": "INVALID_PARAMETER_VALUE", "message": problem}
            await _answer(send, 400, json.dumps(document), (b"content-type", b"application/json"))
            return
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> MutableMapping[str, Any]:
            return waiting.pop() if waiting else await receive()

        await self._inner(scope, again, send)


def location_problem(body: bytes, member: str) -> str | None:
    """What is wrong with the location in a request, or None."""
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return None  # MLflow says what is wrong with it
    location = document.get(member) if isinstance(document, dict) else None
    if not location:
        return None
    if isinstance(location, str) and urlsplit(location).scheme in _SCHEMES and ".." not in location:
        return None
    return f"{member} {str(location)[:200]!r} is not in a store of the app: give s3://BUCKET/PREFIX"


async def _answer(send: Send, status: int, text: str, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": text.encode()})
