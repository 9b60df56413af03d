import asyncio

import pytest

from localcloud.host.clock import Clock
from localcloud.processes import load
from localcloud.services.sagemaker.hosting.fleet.start_limit import (
    LEAST_WALL_SECONDS,
    MOST_PATIENCE,
    StartLimit,
)


class Loop:
    """The event loop's time, which moves when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def loop(monkeypatch):
    made = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: made)
    monkeypatch.setattr(load, "factor", lambda: 1.0)
    return made


def over_after(limit, loop, seconds):
    loop.now += seconds
    return limit.over()


@pytest.mark.parametrize("speed", [1.0, 30.0, 1000.0])
def test_a_silent_container_has_its_whole_limit_in_wall_time_at_any_speed(loop, speed):
    limit = StartLimit(Clock(speed), 480.0)
    assert not over_after(limit, loop, 479.0)
    assert over_after(limit, loop, 1.5)


def test_what_has_answered_wrongly_has_the_limit_in_the_clouds_time_from_then_on(loop):
    limit = StartLimit(Clock(30.0), 480.0)
    loop.now += 100.0
    limit.show_life()
    assert not over_after(limit, loop, 15.5)
    limit.show_life()
    assert over_after(limit, loop, 1.0)


def test_a_fast_cloud_leaves_it_a_small_floor_and_a_busy_machine_a_larger_one(loop, monkeypatch):
    limit = StartLimit(Clock(1000.0), 480.0)
    limit.show_life()
    assert not over_after(limit, loop, LEAST_WALL_SECONDS - 0.5)
    assert over_after(limit, loop, 1.0)
    monkeypatch.setattr(load, "factor", lambda: 10.0)
    assert not limit.over()
    assert over_after(limit, loop, (MOST_PATIENCE - 1) * LEAST_WALL_SECONDS)


def test_life_does_not_prolong_the_whole_limit(loop):
    limit = StartLimit(Clock(1.0), 480.0)
    loop.now += 479.0
    limit.show_life()
    assert over_after(limit, loop, 1.5)
