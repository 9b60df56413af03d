"""The Runtime API as a runtime sees it."""

import http.client
import json
from collections.abc import Iterator

import pytest

from localcloud.services.lambda_functions.runtime_api import Invocation, RuntimeApi

BASE = "/2018-06-01/runtime"


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    made = RuntimeApi()
    yield made
    made.close()


def call(api: RuntimeApi, method: str, path: str, body: object = None) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(api.address)
    connection.request(method, BASE + path, None if body is None else json.dumps(body))
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def submit(api: RuntimeApi, request_id: str = "r-1") -> None:
    api.submit(Invocation(request_id, b'{"a": 1}', 1234, "arn:function", "Root=1"))


def test_a_poll_gets_the_event_and_its_headers(api: RuntimeApi):
    submit(api)
    status, headers, body = call(api, "GET", "/invocation/next")
    assert (status, body) == (200, b'{"a": 1}')
    assert headers["Lambda-Runtime-Aws-Request-Id"] == "r-1"
    assert headers["Lambda-Runtime-Deadline-Ms"] == "1234"
    assert headers["Lambda-Runtime-Invoked-Function-Arn"] == "arn:function"
    assert headers["Lambda-Runtime-Trace-Id"] == "Root=1"


def test_the_first_poll_says_that_the_environment_is_ready(api: RuntimeApi):
    submit(api)
    call(api, "GET", "/invocation/next")
    outcome = api.next_outcome(1)
    assert outcome is not None
    assert outcome.kind == "ready"


@pytest.mark.parametrize("kind", ["response", "error"])
def test_a_result_is_taken_once(api: RuntimeApi, kind: str):
    submit(api)
    assert call(api, "POST", f"/invocation/r-1/{kind}", {"b": 2})[0] == 202
    outcome = api.next_outcome(1)
    assert outcome is not None
    assert (outcome.kind, outcome.body) == (kind, {"b": 2})
    assert call(api, "POST", f"/invocation/r-1/{kind}", {"b": 3})[0] == 400


def test_the_result_of_another_event_is_refused(api: RuntimeApi):
    submit(api)
    status, _, body = call(api, "POST", "/invocation/r-0/response", {})
    assert status == 400
    assert json.loads(body)["errorType"] == "InvalidRequestID"


def test_a_failed_start_is_reported(api: RuntimeApi):
    call(api, "POST", "/init/error", {"errorType": "Runtime.ImportModuleError"})
    outcome = api.next_outcome(1)
    assert outcome is not None
    assert (outcome.kind, outcome.body["errorType"]) == ("init", "Runtime.ImportModuleError")


def test_an_unknown_path_is_not_found(api: RuntimeApi):
    assert call(api, "GET", "/nothing")[0] == 404
    assert call(api, "POST", "/nothing", {})[0] == 404
