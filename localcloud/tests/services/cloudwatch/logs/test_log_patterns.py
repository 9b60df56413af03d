"""Filter patterns: the examples of the CloudWatch Logs User Guide."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.services.cloudwatch.logs.conditions import PatternError
from localcloud.services.cloudwatch.logs.patterns import matcher


def matches(pattern, message):
    text = message if isinstance(message, str) else json.dumps(message)
    return matcher(pattern)(text) is not None


THREE = ["ERROR WARN message", "ERROR message", "WARN message"]


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("", [1, 2, 3]),
        ("ERROR", [1, 2]),
        ("?ERROR ?WARN", [1, 2, 3]),
        ("ERROR WARN", [1]),
        ("ERROR -WARN", [2]),
        ('"WARN message"', [1, 3]),
        ('-"WARN message"', [2]),
        ("error", []),
        ("%^ERR%", [1, 2]),
        ("ERROR ?nothing", [1, 2]),
        ("[w1=ERROR, w2]", [2]),
        ("[w1=ERROR || w1=WARN, w2]", [2, 3]),
        ("[w1!=ERROR && w1!=WARN, w2]", []),
        ("[w1, w2, w3]", [1]),
        ("[..., last=message]", [1, 2, 3]),
        ("[first=ERROR, ...]", [1, 2]),
        ("[..., w=WARN, last]", [1, 3]),
        ("[a, b, c, d, ...]", []),
    ],
)
def test_words_in_lines(pattern, matched):
    assert [number for number, line in enumerate(THREE, 1) if matches(pattern, line)] == matched


ACCESS = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[ip, user, username, timestamp, request, status_code, bytes]", True),
        ("[ip, user, username, timestamp, request, status_code, bytes > 1000]", True),
        ("[ip, user, username, timestamp, request, status_code = 200, bytes]", False),
        ("[ip, user, username, timestamp, request, status_code = 4*, bytes]", True),
        ("[ip, user, username, timestamp, request = *html*, status_code = 4*, bytes]", True),
        ("[ip, user, username, timestamp, request, status_code = 4* && bytes > 1000]", False),
        ("[..., status_code = 403 || status_code = 404, bytes]", True),
        ("[..., request=*.html*, status_code=4*,]", True),
        ("[..., bytes <= 1534]", True),
    ],
)
def test_an_access_log(pattern, expected):
    assert matches(pattern, ACCESS) is expected


def test_fields_can_be_looked_up_by_their_names():
    lookup = matcher("[..., request, status_code, bytes]")(ACCESS)
    assert lookup is not None
    assert (lookup("$bytes"), lookup("$status_code"), lookup("$request")) == (
        "1534",
        "404",
        "GET /index.html HTTP/1.0",
    )


TRAIL = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "111.111.111.111",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": None,
    "ThisFlag": True,
    "latency": 512.5,
    "code": "500",
    "dotted.key": "d",
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ("{ $.eventType = UpdateTrail }", True),
        ("{ $.eventType = *Trail }", True),
        ('{ $.eventType = "*" }', True),
        ("{ $.eventType = Delete* }", False),
        ("{ $.eventType != Delete* }", True),
        ("{ $.eventType = %^Update% }", True),
        ("{ $.sourceIPAddress != 123.123.* }", True),
        ('{ $.arrayKey[0] = "value" }', True),
        ('{ $.arrayKey[7] = "value" }', False),
        ("{ $.objectList[1].id = 2 }", True),
        ("{ $.objectList[0].id = 2 }", False),
        ("{ $.SomeObject IS NULL }", True),
        ("{ $.eventType IS NULL }", False),
        ("{ $.SomeOtherObject NOT EXISTS }", True),
        ("{ $.eventType EXISTS }", True),
        ("{ $.ThisFlag IS TRUE }", True),
        ("{ $.ThisFlag IS FALSE }", False),
        ("{ $.latency >= 500 }", True),
        ("{ $.latency < 5e2 }", False),
        ("{ $.latency > +1000 }", False),
        ("{ $.latency = 512.5 }", True),
        ("{ $.latency = * }", True),
        ("{ $.code >= 500 }", True),
        ("{ $.code = 500 }", True),
        ("{ $.missing = * }", False),
        ("{ $.missing != 1 }", False),
        ("{ $.arrayKey = 1 }", False),
        ("{ $.arrayKey != 1 }", False),
        ("{ $.eventType > 5 }", False),
        ('{ $.["dotted.key"] = d }', False),
        ('{ $["dotted.key"] = d }', True),
        ("{ $.latency > 500 && $.code = 200 }", False),
        ("{ $.latency > 500 || $.code = 200 }", True),
        ("{ ($.latency > 500 && $.code = 200) || $.ThisFlag IS TRUE }", True),
        ("{ $.latency > 500 && ($.code = 200 || $.ThisFlag IS TRUE) }", True),
    ],
)
def test_json(pattern, expected):
    if "$.[" in pattern:
        with pytest.raises(PatternError):
            matches(pattern, TRAIL)
        return
    assert matches(pattern, TRAIL) is expected


def test_and_binds_tighter_than_or():
    event = {"user": {"email": "John.Stiles@example.com"}, "actions": ["GET", "PUT", "DELETE"]}
    loose = '{ $.user.email = "John.Stiles@example.com" || $.actions[0] = no && $.actions[2] = no }'
    tight = '{ ($.user.email = "John.Stiles@example.com" || $.actions[0] = no) && $.actions[2] = no }'
    assert matches(loose, event)
    assert not matches(tight, event)


@pytest.mark.parametrize("message", ["plain text", "{broken", "5", '"text"', ""])
def test_json_patterns_do_not_match_what_is_no_document(message):
    assert not matches("{ $.a = * }", message)


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.a = 1",
        "{ $.a }",
        "{ $.a = }",
        "{ $.a ~ 1 }",
        "{ ($.a = 1 }",
        "{ $.a > many }",
        "{ $.a IS NOTHING }",
        "{ $.a = 1 $.b = 2 }",
        "{ = 1 }",
        "[a, b",
        "[a, ..., b, ..., c]",
        "[=5]",
        "%[%",
        '"open',
    ],
)
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(PatternError):
        matcher(pattern)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_pattern_is_read_or_refused_and_never_breaks_on_a_message(pattern, message):
    try:
        matches(pattern, message)
    except PatternError:
        return
