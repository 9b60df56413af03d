import json

import pytest

from localcloud.services.lambda_functions import payloads


@pytest.mark.parametrize(
    ("kind", "size", "is_refused"),
    [
        ("RequestResponse", 6_291_456, False),
        ("RequestResponse", 6_291_457, True),
        ("", 6_291_457, True),
        ("Event", 1_048_576, False),
        ("Event", 1_048_577, True),
    ],
)
def test_a_request_is_refused_from_the_first_byte_too_many(kind, size, is_refused):
    refusal = payloads.request_refusal({"X-Amz-Invocation-Type": kind}, size)
    assert (refusal is not None) == is_refused
    if refusal:
        status, headers, body = refusal
        assert (status, headers["x-amzn-errortype"]) == (413, "RequestEntityTooLargeException")
        assert "Request must be smaller than" in json.loads(body)["message"]


def test_a_response_may_be_a_hundred_bytes_larger():
    assert payloads.response_failure(6_291_556) is None
    failure = payloads.response_failure(6_291_557)
    assert failure is not None
    assert failure["errorType"] == "Function.ResponseSizeTooLarge"
    assert "(6291557 bytes) exceeded maximum allowed payload size (6291556 bytes)" in failure["errorMessage"]
