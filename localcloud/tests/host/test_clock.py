"""The clock runs faster than the wall, never goes back, and survives restarts."""

import asyncio
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.host import clock as clock_module
from localcloud.host.clock import Clock, ClockError, ClockFile, FakeClock


class Ticks:
    """A monotonic source moved by hand."""

    def __init__(self) -> None:
        self.seconds = 500.0

    def __call__(self) -> float:
        return self.seconds


def test_cloud_time_passes_speed_times_as_fast():
    ticks = Ticks()
    clock = Clock(30, start=1000.0, tick=ticks)
    ticks.seconds += 2
    assert clock.now() == 1060.0


@given(st.lists(st.floats(0, 1e6), max_size=20), st.floats(0.1, 1000))
def test_time_never_goes_back(steps, speed):
    ticks = Ticks()
    clock = Clock(speed, start=0.0, tick=ticks)
    seen = []
    for step in steps:
        ticks.seconds += step
        seen.append(clock.now())
    assert seen == sorted(seen)


def test_it_starts_at_the_walls_now_unless_told():
    before = time.time()
    assert before <= Clock().now() <= time.time() + 1


def test_a_wait_takes_a_speedth_of_the_wall():
    assert Clock(30).wall_seconds(600) == 20
    assert Clock(30).wall_seconds(-5) == 0


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf")])
def test_a_speed_that_is_no_speed_is_refused(speed):
    with pytest.raises(ClockError, match="speed"):
        Clock(speed)


def test_utcnow_is_aware():
    assert FakeClock(0.0).utcnow().isoformat() == "1970-01-01T00:00:00+00:00"


def test_sleeps_at_a_great_speed_return():
    clock = Clock(1e9)
    clock.sleep(3600)
    asyncio.run(clock.async_sleep(3600))
    assert not clock.wait(threading.Event(), 3600)


def test_a_fake_clock_moves_when_it_sleeps_and_when_told():
    clock = FakeClock(100.0)
    clock.sleep(5)
    asyncio.run(clock.async_sleep(5))
    clock.wait(threading.Event(), 5)
    clock.advance(5)
    assert clock.now() == 120.0


def test_a_fake_clock_does_not_wait_for_what_has_happened():
    clock, event = FakeClock(100.0), threading.Event()
    event.set()
    assert clock.wait(event, 60)
    assert clock.now() == 100.0


def test_a_fake_clock_cannot_go_back():
    with pytest.raises(ClockError, match="go back"):
        FakeClock().advance(-1)


def test_a_clean_stop_keeps_the_exact_time(tmp_path):
    file = ClockFile(tmp_path / "clock")
    clock = file.start(speed=100_000)
    file.stop()
    file.stop()
    kept = ClockFile(tmp_path / "clock").read()
    assert time.time() < kept <= clock.now()


def test_a_clock_that_was_killed_is_followed_by_one_that_is_later(tmp_path):
    killed = ClockFile(tmp_path / "clock", interval_wall_seconds=1000)
    last_seen = killed.start(speed=50).now()
    successor = ClockFile(tmp_path / "clock", interval_wall_seconds=1000)
    try:
        assert successor.start(speed=1).now() > last_seen
    finally:
        successor.stop()
        killed.stop()


def test_a_kept_time_in_the_past_gives_way_to_the_wall(tmp_path):
    (tmp_path / "clock").write_text("12.5")
    file = ClockFile(tmp_path / "clock")
    before = time.time()
    try:
        assert file.start(speed=1).now() >= before
    finally:
        file.stop()


def test_a_broken_file_says_what_to_do(tmp_path):
    (tmp_path / "clock").write_text("yesterday")
    with pytest.raises(ClockError, match="delete it"):
        ClockFile(tmp_path / "clock").read()


def test_get_returns_what_was_installed(monkeypatch):
    monkeypatch.setattr(clock_module, "_installed", None)
    assert clock_module.get() is clock_module.get()
    fake = clock_module.install(FakeClock())
    assert clock_module.get() is fake
