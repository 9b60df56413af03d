"""The bill before it comes: counted from the template, priced from the table, and never guessed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.budget import Budget
from contracts.pipeline_config import FILE_NAME, PipelineConfig
from contracts.scaling import FleetScaling
from operations.cost import ceiling, forecast, prices, show
from operations.cost.forecast import IDLE, RETRAINING, Line
from operations.cost.prices import Prices, PriceTableError
from operations.cost.template import count

CONFIG = PipelineConfig.load(Path(__file__).parents[4] / FILE_NAME)
PRICES = Prices.load()


def template(*resources: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "Resources": {
            f"R{number}": {"Type": kind, "Properties": found}
            for number, (kind, found) in enumerate(resources)
        }
    }


KEY: tuple[str, dict[str, Any]] = ("AWS::KMS::Key", {})
ALARM = ("AWS::CloudWatch::Alarm", {"MetricName": "m"})
RATE = (
    "AWS::CloudWatch::Alarm",
    {"Metrics": [{"Expression": "a / b"}, {"MetricStat": {}}, {"MetricStat": {}}]},
)
INTERFACE = ("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Interface"})
GATEWAY = ("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Gateway"})
FUNCTION = ("AWS::Lambda::Function", {"MemorySize": 2048, "Timeout": 900, "Code": {"ImageUri": "i"}})


def lines(*resources: tuple[str, dict[str, Any]], config: PipelineConfig = CONFIG) -> dict[str, Line]:
    found = forecast.forecast(template(*resources), config, "dev", PRICES)
    return {line.item: line for line in found}


def on(instance_type: str) -> PipelineConfig:
    policy = replace(CONFIG.deployments["dev"], instance_type=instance_type)
    return replace(CONFIG, deployments={**CONFIG.deployments, "dev": policy})


def test_instances_are_counted_by_the_hour():
    assert lines()["endpoint, 2 × ml.t2.medium"].expected == pytest.approx(2 * 0.056 * 730)


def test_a_fleet_that_scales_itself_costs_between_its_bounds():
    scaling = FleetScaling(stages=("dev",), min_instances=1, max_instances=6)
    found = lines(config=replace(CONFIG, scaling=scaling))["endpoint, 1 to 6 × ml.t2.medium"]
    month = 0.056 * 730
    assert (found.low, found.expected, found.high) == pytest.approx((month, 2 * month, 6 * month))


def test_an_alarm_is_billed_by_the_metrics_that_it_reads():
    assert count(template(ALARM, RATE)).alarm_metrics == 3
    assert lines(ALARM, RATE)["3 × alarm metric"].expected == pytest.approx(0.3)


def test_interface_endpoints_stand_in_every_zone_and_gateways_are_free():
    found = lines(INTERFACE, GATEWAY)["VPC, 1 interface endpoints in 2 zones"]
    assert found.expected == pytest.approx(2 * 0.01 * 730)


def test_what_has_no_price_is_said_and_widens_the_range():
    found = lines(KEY, config=on("ml.x9.huge"))
    assert found["endpoint, 2 × ml.x9.huge"].expected is None
    assert forecast.total(found.values(), IDLE).unknown == ("endpoint, 2 × ml.x9.huge",)
    assert "no price is known here for endpoint, 2 × ml.x9.huge" in forecast.summary(found.values())


def test_the_largest_item_is_named():
    assert "of which endpoint, 2 × ml.t2.medium is $82" in forecast.summary(lines(KEY).values())


def test_low_is_never_above_expected_nor_expected_above_high():
    for line in lines(KEY, ALARM, RATE, INTERFACE, FUNCTION).values():
        assert line.low is not None
        assert line.expected is not None
        assert line.high is not None
        assert line.low <= line.expected <= line.high, line


def test_a_search_costs_its_budget_at_each_retraining():
    search = replace(CONFIG.training.search, enabled=True, budget_seconds=3600)
    config = replace(CONFIG, training=replace(CONFIG.training, search=search, max_runtime_seconds=7200))
    item = "training job on ml.m5.xlarge"
    more = (lines(config=config)[item].expected or 0.0) - (lines()[item].expected or 0.0)
    assert more == pytest.approx(0.23)


def test_a_longer_bake_makes_a_retraining_dearer():
    policy = replace(CONFIG.deployments["dev"], baking_seconds=3000)
    config = replace(CONFIG, deployments={**CONFIG.deployments, "dev": policy})
    short, long = (forecast.total(lines(config=c).values(), RETRAINING) for c in (CONFIG, config))
    assert long.expected > short.expected


def test_a_scheduled_function_is_called_all_month():
    rule = {"ScheduleExpression": "rate(5 minutes)", "Targets": [{"Arn": {"Fn::GetAtt": ["R0", "Arn"]}}]}
    assert count(template(FUNCTION, ("AWS::Events::Rule", rule))).scheduled == {"R0": 8760}


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("rate(1 hour)", 730.0),
        ("cron(15 * * * ? *)", 24 * 30.4),
        ("cron(0,30 8-17 ? * MON-FRI *)", 2 * 10 * 30.4),
        ("cron(0/15 0/6 * * ? *)", 4 * 4 * 30.4),
        ("cron(5 3 * * ? *)", 30.4),
    ],
)
def test_the_monitor_is_counted_by_its_schedule_and_not_with_a_retraining(expression, runs):
    target = {"Arn": {"Ref": "R1"}}
    found = template(
        FUNCTION,
        (
            "AWS::StepFunctions::StateMachine",
            {"DefinitionSubstitutions": {"A": {"Fn::GetAtt": ["R0", "Arn"]}}},
        ),
        ("AWS::Scheduler::Schedule", {"ScheduleExpression": expression, "Target": target}),
    )
    billed = count(found)
    assert billed.watching == {"R0": pytest.approx(runs)}
    found_lines = {line.item: line for line in forecast.forecast(found, CONFIG, "dev", PRICES)}
    (monitor,) = [line for item, line in found_lines.items() if item.startswith("monitor, ")]
    assert monitor.group == IDLE
    assert 0 < (monitor.low or 0) < (monitor.expected or 0) < (monitor.high or 0)
    assert "0 functions, a call each" in found_lines


def bounded(usd: float | None, config: PipelineConfig = CONFIG) -> PipelineConfig:
    return replace(config, budget=Budget(max_monthly_usd=usd, retrainings_per_month=0.0))


def test_a_stage_above_its_ceiling_names_the_three_largest_items_and_what_lowers_them():
    with pytest.raises(ceiling.OverBudgetError) as caught:
        ceiling.hold(template(KEY, INTERFACE), bounded(50.0), "dev", PRICES)
    first, *items = str(caught.value).splitlines()
    assert "allows $50" in first
    assert len(items) == 3
    assert "endpoint, 2 × ml.t2.medium: fewer or smaller instances" in items[0]
    assert "VPC" in items[1]


def test_a_stage_below_its_ceiling_or_without_one_is_let_through():
    ceiling.hold(template(KEY), bounded(500.0), "dev", PRICES)
    ceiling.hold(template(KEY), bounded(None, on("ml.x9.huge")), "dev", PRICES)


def test_a_ceiling_that_cannot_be_held_is_no_ceiling():
    with pytest.raises(ceiling.OverBudgetError, match=r"ml\.x9\.huge.*no price is known"):
        ceiling.hold(template(KEY), bounded(1_000_000.0, on("ml.x9.huge")), "dev", PRICES)


def test_every_price_has_its_source_and_day(tmp_path: Path):
    assert all(price.source and price.looked_up for price in PRICES.by_item.values())
    path = tmp_path / "prices.toml"
    path.write_text('hours_per_month = 730\n[[price]]\nitem = "x"\nusd = 1.0\nper = "hour"\n')
    with pytest.raises(PriceTableError, match="x has no source, looked_up"):
        Prices.load(path)
    entry = '[[price]]\nitem = "x"\nusd = 1.0\nper = "day"\nsource = "s"\nlooked_up = 2026-11-22\n'
    path.write_text(f"hours_per_month = 730\n{entry}")
    with pytest.raises(PriceTableError, match="per 'day'"):
        Prices.load(path)


def test_pieces_are_priced_by_the_thousand_and_the_million():
    assert PRICES.of("state transition", 2000) == pytest.approx(0.05)
    assert PRICES.of("function request", 500_000) == pytest.approx(0.10)
    assert PRICES.of("a thing of no price", 1) is None
    assert prices.PIECES["thousand"] == 1000


def test_bars_are_as_long_as_their_figures_and_unknown_has_none():
    made = [
        Line(group=IDLE, item=name, low=usd, expected=usd, high=usd, assumption="")
        for name, usd in (("small", 1.0), ("large", 2.0), ("odd", None))
    ]
    rows = show.chart(made, IDLE)
    assert [(row[1], len(row[0]), row[2]) for row in rows] == [
        ("large", show.BAR_WIDTH, "$2.00"),
        ("small", show.BAR_WIDTH // 2, "$1.00"),
        ("odd", 1, "unknown"),
    ]
