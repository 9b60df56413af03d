from __future__ import annotations

import base64

import pytest

from lambdas.front.problems import Problem
from lambdas.front.requests import FrontRequest, principal_of
from tests.unit.lambdas.front.events import event, with_token


def read(body, **changes):
    return FrontRequest.read(event("POST", "/v1/predictions", body, **changes), now_seconds=0.0)


def test_each_session_of_a_role_is_the_same_caller():
    one = "arn:aws:sts::111122223333:assumed-role/shop/one"
    assert principal_of(one) == principal_of(one.replace("/one", "/two"))
    assert principal_of(one) != principal_of(one.replace("shop", "shop2"))
    assert principal_of("arn:aws:iam::1:user/ann") == "arn:aws:iam::1:user/ann"


def test_a_request_that_nobody_stands_behind_is_refused_even_where_the_gateway_let_it_through():
    with pytest.raises(Problem) as caught:
        read("{}", requestContext={"requestId": "r", "identity": {"userArn": None}})
    assert caught.value.status == 401


def test_a_token_that_expired_since_it_was_looked_at_is_refused():
    found = with_token("GET", "/v1/model", None, caller="https://id#ann", expires=100.0)
    assert FrontRequest.read(found, now_seconds=99.0).caller == "https://id#ann"
    with pytest.raises(Problem, match="expired") as caught:
        FrontRequest.read(found, now_seconds=100.0)
    assert caught.value.status == 401


def test_a_body_in_base64_is_the_body():
    encoded = base64.b64encode(b'{"rows": []}').decode()
    assert read(encoded, isBase64Encoded=True).document(100) == {"rows": []}
    with pytest.raises(Problem, match="no base64"):
        read("%%%", isBase64Encoded=True)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ("", 400, "not JSON"),
        ("[1]", 400, "the body is a list; expected a JSON object"),
        ("nul", 400, "not JSON: Expecting value at character 0"),
        ('{"a": NaN}', 400, "NaN is no number"),
        ('{"a": 1, "a": 2}', 400, "the key 'a' stands twice"),
        ('{"a": ' + "[" * 100_000, 400, "nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", 400, "not JSON"),
        ('{"a": "' + "x" * 200_000 + '"}', 413, "at most 150000 are taken"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_the_reason(body, status, reason):
    with pytest.raises(Problem) as caught:
        read(body).document(150_000)
    assert caught.value.status == status
    assert reason in caught.value.detail


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/csv"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"content-type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_another_format_is_415(headers):
    with pytest.raises(Problem) as caught:
        read("{}", headers=headers).document(100)
    assert caught.value.status == 415


def test_bytes_that_are_no_utf8_are_refused():
    encoded = base64.b64encode(b'{"a": "\xff"}').decode()
    with pytest.raises(Problem, match="not UTF-8: byte 7 is 0xff"):
        read(encoded, isBase64Encoded=True).document(100)
