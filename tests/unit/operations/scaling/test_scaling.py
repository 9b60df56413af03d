"""What a self-scaling fleet would have done, from formulas that can be checked by hand."""

from __future__ import annotations

from math import inf, log, pi, sin
from pathlib import Path

import pytest

from lambdas.scale_fleet.queueing import p99_wait_seconds, requests_within
from operations.scaling.__main__ import main
from operations.scaling.simulation import Scaling, simulate
from operations.scaling.trace import TraceError, read_trace

SCALING = Scaling(min_instances=2, max_instances=20, p99_ms=100.0, service_ms=10.0)


def test_the_wait_for_one_instance_is_the_textbooks() -> None:
    assert p99_wait_seconds(50.0, 1, 0.01) == pytest.approx(log(0.5 / 0.01) * 0.01 / 0.5)
    assert p99_wait_seconds(0.5, 1, 0.01) == 0.0
    assert p99_wait_seconds(100.0, 1, 0.01) == inf


def test_two_instances_wait_less_than_one_with_half_the_traffic() -> None:
    assert p99_wait_seconds(100.0, 2, 0.01) < p99_wait_seconds(50.0, 1, 0.01)


@pytest.mark.parametrize("instances", [1, 2, 10, 500])
def test_the_most_that_is_answered_in_time_is_just_in_time(instances: int) -> None:
    most = requests_within(0.1, instances, 0.01)
    assert p99_wait_seconds(most, instances, 0.01) + 0.01 == pytest.approx(0.1, rel=1e-3)
    assert requests_within(0.005, instances, 0.01) == 0.0


def test_a_quiet_fleet_stays_at_its_smallest() -> None:
    assert {minute.instances for minute in simulate(SCALING, [10.0] * 60)} == {2}


def test_a_step_is_answered_after_three_minutes_and_a_start() -> None:
    minutes = simulate(SCALING, [10.0] * 20 + [1000.0] * 60)
    grown = next(n for n, minute in enumerate(minutes) if minute.instances > 2)
    assert grown == 20 + 3 + 5, "three datapoints, then five minutes until new instances answer"
    assert minutes[grown - 1].waiting > 0
    assert minutes[-1].instances <= 20
    assert minutes[-1].p99_ms <= 100.0


def test_a_fleet_shrinks_after_a_quarter_of_an_hour_and_no_further_than_its_smallest() -> None:
    minutes = simulate(SCALING, [1000.0] * 60 + [1.0] * 120)
    largest = minutes[59].instances
    assert [minute.instances for minute in minutes[60:75]] == [largest] * 15
    assert minutes[76].instances < largest
    assert minutes[-1].instances == 2


def test_there_are_never_more_instances_than_allowed_and_what_is_too_much_waits() -> None:
    minutes = simulate(SCALING, [5000.0] * 60)
    assert max(minute.instances for minute in minutes) == 20
    assert minutes[-1].waiting > minutes[-2].waiting
    assert minutes[-1].p99_ms > 1000.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"min_instances": 0}, "1 at least"),
        ({"min_instances": 21}, "no more than the most"),
        ({"service_ms": 101.0}, "answers nothing within 100 ms"),
    ],
)
def test_what_can_never_hold_is_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Scaling(**{**SCALING.__dict__, **changes})


@pytest.mark.parametrize(
    ("text", "rates"), [("1\n2.5\n", [1.0, 2.5]), ("minute,rate\n0,3\n1,4\n\n", [3.0, 4.0])]
)
def test_a_trace_is_a_number_a_minute(tmp_path: Path, text: str, rates: list[float]) -> None:
    (tmp_path / "trace").write_text(text)
    assert read_trace(tmp_path / "trace") == rates


@pytest.mark.parametrize(
    ("text", "message"), [("1\nx\n", ":2: 'x'"), ("1\n-1", ":2: '-1'"), ("", "no minute")]
)
def test_another_trace_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "trace").write_text(text)
    with pytest.raises(TraceError, match=message):
        read_trace(tmp_path / "trace")


def test_a_days_trace_is_told_in_five_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    day = [550 - 450 * sin(2 * pi * minute / 1440) for minute in range(1440)]
    (tmp_path / "trace").write_text("\n".join(map(str, day)))
    assert main([str(tmp_path / "trace"), "--service-ms", "10"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in said] == [
        "target",
        "instances",
        "above 100 ms",
        "instance hours",
        "cost a day",
    ]
    assert main([str(tmp_path / "none"), "--service-ms", "10"]) == 2
    assert "is not a readable text" in capsys.readouterr().err
