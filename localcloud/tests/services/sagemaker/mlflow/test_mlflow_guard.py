import asyncio
import json
from typing import Any

import pytest

from localcloud.services.sagemaker.mlflow.guard import COOKIE, HEADER, Guard, location_problem, token

SECRET = "s3cret"


async def inner(scope, receive, send):
    body = (await receive()).get("body", b"")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"mlflow got " + body})


def ask(path="/version", body=b"", method="POST", query=b"", now=1000.0, **headers):
    said: list[dict[str, Any]] = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        said.append(message)

    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": path, "method": method, "headers": given, "query_string": query}
    asyncio.run(Guard(inner, SECRET, lambda: now)(scope, receive, send))
    start, content = said
    return start["status"], dict(start["headers"]), content["body"]


GATEWAY = {HEADER: SECRET}


def test_the_gateway_is_answered():
    assert ask(body=b"x", **GATEWAY)[::2] == (200, b"mlflow got x")


@pytest.mark.parametrize(
    "headers", [{}, {HEADER: "other"}, {"cookie": f"{COOKIE}=1.2.3"}, {"cookie": "=;broken"}]
)
def test_nobody_else_is(headers):
    assert ask(**headers)[0] == 403


def test_a_browser_logs_in_with_a_link_and_has_a_session_for_as_long_as_was_asked():
    login = token(SECRET, "login", 1300, 600)
    status, headers, _ = ask("/auth", method="GET", query=f"authToken={login}".encode())
    assert (status, headers[b"location"]) == (302, b"/")
    cookie = headers[b"set-cookie"].decode().partition(";")[0]
    assert b"HttpOnly" in headers[b"set-cookie"]
    assert ask(cookie=cookie, now=1599.0)[0] == 200
    assert ask(cookie=cookie, now=1601.0)[0] == 403


@pytest.mark.parametrize(
    ("given", "now"),
    [
        (token(SECRET, "login", 1300, 600), 1301.0),
        (token(SECRET, "session", 1300, 600), 1000.0),
        (token("other", "login", 1300, 600), 1000.0),
        (token(SECRET, "login", 1300, 600).replace("600", "999999"), 1000.0),
        ("", 1000.0),
    ],
)
def test_a_link_that_is_old_or_made_up_lets_nobody_in(given, now):
    assert ask("/auth", method="GET", query=f"authToken={given}".encode(), now=now)[0] == 403


@pytest.mark.parametrize(
    ("path", "member"),
    [
        ("/api/2.0/mlflow/experiments/create", "artifact_location"),
        ("/ajax-api/2.0/mlflow/model-versions/create", "source"),
    ],
)
@pytest.mark.parametrize(
    "location", ["file:///etc", "/etc", "file:etc", "relative", "http://h/x", "s3://b/../x", ["file:/x"]]
)
def test_a_location_on_this_machine_is_refused(path, member, location):
    status, _, body = ask(path, json.dumps({"name": "n", member: location}).encode(), **GATEWAY)
    assert status == 400
    assert json.loads(body)["error_code"] == "INVALID_PARAMETER_VALUE"
    assert member in json.loads(body)["message"]


@pytest.mark.parametrize(
    "location", ["s3://b/p", "runs:/1/model", "models:/m-1", "mlflow-artifacts:/1", "", None]
)
def test_a_location_in_a_store_is_passed_on_whole(location):
    body = json.dumps({"name": "n", "source": location}).encode()
    assert ask("/api/2.0/mlflow/model-versions/create", body, **GATEWAY)[2] == b"mlflow got " + body


def test_what_is_not_json_is_left_to_mlflow():
    assert location_problem(b"{", "source") is None
