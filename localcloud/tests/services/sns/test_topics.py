"""What SNS finds wrong with messages and subscriptions."""

import pytest

from localcloud.services.sns.topics import endpoint_problem, message_problem


@pytest.mark.parametrize(
    ("subject", "structure", "message"),
    [("", "", "m"), ("x" * 100, "", "m"), ("Modèle: rejeté", "", "m"), ("", "json", '{"default": "m"}')],
)
def test_a_good_message_is_taken(subject: str, structure: str, message: str):
    assert message_problem(message, subject, structure) is None


@pytest.mark.parametrize(
    ("message", "subject", "structure", "problem"),
    [
        ("", "", "", "Empty message"),
        ("m", "x" * 101, "", "Subject"),
        ("m", "two\nlines", "", "Subject"),
        ("m", "a bell\x07", "", "Subject"),
        ("m", "", "xml", "MessageStructure"),
        ("m", "", "json", "Message Structure - JSON message body failed to parse"),
        ('{"email": "m"}', "", "json", "Message Structure - No default entry in JSON message body"),
        ("[]", "", "json", "Message Structure - No default entry in JSON message body"),
    ],
)
def test_a_bad_one_is_refused(message: str, subject: str, structure: str, problem: str):
    assert message_problem(message, subject, structure) == problem


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [
        ("email", "ops@example.com"),
        ("sqs", "arn:aws:sqs:us-east-1:111122223333:q"),
        ("https", "https://example.com/hook"),
        ("sms", "+1 206 555 0100"),
    ],
)
def test_a_good_endpoint_is_taken(protocol: str, endpoint: str):
    assert endpoint_problem(protocol, endpoint) is None


@pytest.mark.parametrize(
    ("protocol", "endpoint", "problem"),
    [
        ("mail", "ops@example.com", "does not support this protocol string: mail"),
        ("", "ops@example.com", "does not support this protocol string"),
        ("email", "ops", "Email address"),
        ("sms", "ops", "Invalid SMS endpoint: ops"),
        ("https", "http://example.com", "Endpoint must match the specified protocol"),
    ],
)
def test_a_bad_endpoint_is_refused(protocol: str, endpoint: str, problem: str):
    assert problem in (endpoint_problem(protocol, endpoint) or "")
