"""The bill of a stage that stands still, before it comes."""

from __future__ import annotations

from operations.cost import forecast

KEY = {"Type": "AWS::KMS::Key", "Properties": {}}
ALARM = {"Type": "AWS::CloudWatch::Alarm", "Properties": {}}
INTERFACE = {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"VpcEndpointType": "Interface"}}
GATEWAY = {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"VpcEndpointType": "Gateway"}}


def lines(*resources, instance_type="ml.t2.medium", count=2):
    prices = forecast.monthly_prices()
    found = forecast.idle(
        resources, instance_type=instance_type, instance_count=count, zones=2, prices=prices
    )
    return {line.item: line for line in found}


def test_instances_are_counted_by_the_hour():
    found = lines()["endpoint ml.t2.medium"]
    assert found.monthly_usd == 2 * 0.056 * 730


def test_what_the_template_holds_is_counted():
    found = lines(KEY, ALARM, ALARM, INTERFACE, GATEWAY)
    assert found["customer managed key"].monthly_usd == 1.0
    assert found["alarm"].monthly_usd == 0.2
    assert (
        found["interface endpoint in a zone"].count,
        found["interface endpoint in a zone"].monthly_usd,
    ) == (2, 14.6)
    assert "dashboard" not in found


def test_what_has_no_price_is_said_and_not_guessed():
    found = lines(KEY, instance_type="ml.x9.huge")
    assert found["endpoint ml.x9.huge"].monthly_usd is None
    assert forecast.summary(found.values()) == (
        "about $1 a month idle, of which 1 x customer managed key are $1; "
        "no price is known here for 2 x endpoint ml.x9.huge"
    )


def test_the_largest_item_is_named():
    assert forecast.summary(lines(KEY).values()) == (
        "about $83 a month idle, of which 2 x endpoint ml.t2.medium are $82"
    )
