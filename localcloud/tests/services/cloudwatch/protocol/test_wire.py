"""The three protocols carry the same requests and answers; CBOR agrees with botocore's reader."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.parsers import RpcV2CBORParser
from hypothesis import given
from hypothesis import strategies as st

from localcloud.services.cloudwatch.errors import ServiceError
from localcloud.services.cloudwatch.protocol import cbor, wire

PATH = "/service/GraniteServiceVersion20100801/operation/PutMetricData"
CBOR = {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}
JSON = {
    "x-amz-target": "GraniteServiceVersion20100801.PutMetricData",
    "content-type": "application/x-amz-json-1.0",
}
FORM = {"content-type": "application/x-www-form-urlencoded"}
PUT: dict[str, Any] = {
    "Namespace": "App",
    "MetricData": [
        {
            "MetricName": "Latency",
            "Dimensions": [{"Name": "Fleet", "Value": "green"}],
            "Timestamp": 1_800_000_000.5,
            "Values": [1.5, 2.0],
            "Counts": [3.0, 1.0],
            "StorageResolution": 1,
        }
    ],
}
PUT_FORM = (
    b"Action=PutMetricData&Version=2010-08-01&Namespace=App&MetricData.member.1.MetricName=Latency"
    b"&MetricData.member.1.Dimensions.member.1.Name=Fleet&MetricData.member.1.Dimensions.member.1.Value=green"
    b"&MetricData.member.1.Timestamp=2027-01-15T08%3A00%3A00.500Z"
    b"&MetricData.member.1.Values.member.1=1.5&MetricData.member.1.Values.member.2=2.0"
    b"&MetricData.member.1.Counts.member.1=3.0&MetricData.member.1.Counts.member.2=1"
    b"&MetricData.member.1.StorageResolution=1"
)


def cbor_put():
    datum = PUT["MetricData"][0]
    return cbor.dumps(
        {"Namespace": "App", "MetricData": [{**datum, "Timestamp": cbor.Timestamp(datum["Timestamp"])}]}
    )


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        (PATH, CBOR, cbor_put()),
        ("/", JSON, json.dumps(PUT).encode()),
        ("/", FORM, PUT_FORM),
    ],
)
def test_a_request_is_the_same_in_each_protocol(path, headers, body):
    request = wire.read(path, headers, body, {})
    assert (request.operation, request.parameters) == ("PutMetricData", PUT)


def test_a_query_request_may_come_in_the_url():
    request = wire.read("/", {}, b"", {"Action": ["ListMetrics"], "Namespace": ["App"]})
    assert (request.operation, request.parameters) == ("ListMetrics", {"Namespace": "App"})


def test_flags_and_numbers_of_a_form_are_typed():
    body = b"Action=PutMetricAlarm&AlarmName=a&ActionsEnabled=false&Period=60&Threshold=1.5"
    assert wire.read("/", FORM, body, {}).parameters == {
        "AlarmName": "a",
        "ActionsEnabled": False,
        "Period": 60,
        "Threshold": 1.5,
    }


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (CBOR, b"\xff"),
        (JSON, b"{"),
        (JSON, b'{"Namespace": 5}'),
        (JSON, b'{"MetricData": 5}'),
        (JSON, b"[1]"),
    ],
)
def test_what_cannot_be_read_is_refused(headers, body):
    with pytest.raises(ServiceError):
        wire.read(PATH, headers, body, {})


ANSWER = {
    "Label": "<Latency>",
    "Datapoints": [
        {"Timestamp": 1_800_000_000.0, "Average": 2, "Unit": "Seconds", "ExtendedStatistics": {"p99": 3.0}}
    ],
}


def request(protocol):
    return wire.Request("GetMetricStatistics", {}, protocol)


def test_a_json_answer_has_epoch_seconds():
    status, headers, body = wire.answer(request("json"), ANSWER)
    assert (status, headers["Content-Type"]) == (200, "application/x-amz-json-1.0")
    assert json.loads(body)["Datapoints"][0]["Timestamp"] == 1_800_000_000.0


def test_a_cbor_answer_is_what_botocore_reads():
    _, headers, body = wire.answer(request("cbor"), ANSWER)
    shape = wire.service_model().operation_model("GetMetricStatistics").output_shape
    assert shape is not None
    headers = {key.lower(): value for key, value in headers.items()}
    parsed = RpcV2CBORParser().parse({"status_code": 200, "headers": headers, "body": body}, shape)
    assert parsed["Label"] == "<Latency>"
    assert parsed["Datapoints"][0]["Timestamp"] == datetime.fromtimestamp(1_800_000_000, UTC)
    assert parsed["Datapoints"][0]["ExtendedStatistics"] == {"p99": 3.0}


def test_an_xml_answer_is_escaped_and_nested_as_the_query_protocol_has_it():
    _, headers, body = wire.answer(request("query"), ANSWER)
    text = body.decode()
    assert headers["Content-Type"] == "text/xml"
    assert "<Label>&lt;Latency&gt;</Label>" in text
    assert "<Timestamp>2027-01-15T08:00:00.000Z</Timestamp>" in text
    assert "<ExtendedStatistics><entry><key>p99</key><value>3.0</value></entry></ExtendedStatistics>" in text


@pytest.mark.parametrize("protocol", ["cbor", "json", "query"])
def test_a_refusal_carries_code_and_message(protocol):
    status, _, body = wire.refusal(protocol, ServiceError("ResourceNotFound", "no <alarm>", 404))
    assert status == 404
    found = cbor.loads(body) if protocol == "cbor" else json.loads(body) if protocol == "json" else None
    if found is None:
        assert b"<Code>ResourceNotFound</Code><Message>no &lt;alarm&gt;</Message>" in body
    else:
        assert found == {"__type": "ResourceNotFound", "message": "no <alarm>"}


def test_members_that_are_none_or_unknown_are_left_out():
    _, _, body = wire.answer(request("json"), {"Label": None, "Nonsense": 1, "Datapoints": []})
    assert json.loads(body) == {"Datapoints": []}


def test_a_template_may_spell_numbers_as_texts():
    assert wire.typed("PutMetricAlarm", {"Period": "60", "Nonsense": 1}) == {"Period": 60}


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(values)
def test_cbor_round_trips(value):
    assert cbor.loads(cbor.dumps(value)) == value


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data):
    try:
        cbor.loads(data)
    except cbor.CborError:
        return


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\x9f\x01\x02\xff", [1, 2]),
        (b"\xbf\x61a\x01\xff", {"a": 1}),
        (b"\x7f\x61a\x61b\xff", "ab"),
        (b"\x5f\x41a\x41b\xff", b"ab"),
        (b"\xf9\x3c\x00", 1.0),
        (b"\xfa\x3f\x80\x00\x00", 1.0),
        (b"\xc1\x1a\x6b\x49\xd2\x00", 1_800_000_000),
    ],
)
def test_cbor_forms_that_only_other_sdks_write(data, value):
    assert cbor.loads(data) == value


@pytest.mark.parametrize(
    "data", [b"", b"\x18", b"\x01\x01", b"\xa1\x01\x01", b"\xfc", b"\x1c", b"\x61\xff", b"\x81" * 200]
)
def test_broken_cbor_is_refused(data):
    with pytest.raises(cbor.CborError):
        cbor.loads(data)


def test_what_cbor_cannot_hold_is_refused():
    with pytest.raises(cbor.CborError, match="complex"):
        cbor.dumps(1j)
    with pytest.raises(cbor.CborError, match="64 bits"):
        cbor.dumps(2**64)
    assert math.isnan(cbor.loads(cbor.dumps(math.nan)))
