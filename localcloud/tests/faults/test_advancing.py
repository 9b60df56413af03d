"""A clock that is moved stops where something is due, and waits for what that started."""

from __future__ import annotations

import threading

import pytest

from localcloud.faults.advancing import STEP_SECONDS, Advancing
from localcloud.host.clock import Clock, ClockError, FakeClock


class Bell:
    """Rings at its times, and notes when it was asked to."""

    def __init__(self, clock: FakeClock, *times: float) -> None:
        self._clock, self._times = clock, list(times)
        self.rung: list[tuple[float, float]] = []

    def next_due(self) -> float | None:
        return self._times[0] if self._times else None

    def sweep(self) -> None:
        while self._times and self._times[0] <= self._clock.now():
            self.rung.append((self._times.pop(0), self._clock.now()))


def test_what_is_due_happens_at_its_time_and_in_its_order():
    clock = FakeClock(1000.0)
    bells = [Bell(clock, 1090.0, 1300.0), Bell(clock, 1091.5)]
    clock.timers.extend(bells)
    assert Advancing(clock, set).advance(600) == 1600.0
    assert bells[0].rung == [(1090.0, 1090.0), (1300.0, 1300.0)]
    assert bells[1].rung == [(1091.5, 1091.5)]


def test_alarms_see_every_minute_of_an_hour():
    clock = FakeClock(0.0)
    seen: list[float] = []
    bell = Bell(clock)
    bell.sweep = lambda: seen.append(clock.now())  # type: ignore[method-assign]
    clock.timers.append(bell)
    Advancing(clock, set).advance(3600)
    assert seen == [STEP_SECONDS * (number + 1) for number in range(60)]


def test_the_clock_stands_until_what_was_started_has_ended():
    clock = FakeClock(0.0)
    bell = Bell(clock, 30.0)
    clock.timers.append(bell)
    left = [3]

    def running() -> set[str]:
        return {"old", "new"} if bell.rung and left[0] else {"old"}

    def pause(_: float) -> None:
        left[0] -= 1
        assert clock.now() == 30.0

    Advancing(clock, running, pause).advance(60)
    assert left == [0]
    assert clock.now() == 60.0


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 1e12])
def test_time_goes_forward_and_not_beyond_a_year(seconds):
    with pytest.raises(ClockError, match="seconds"):
        Advancing(FakeClock(), set).advance(seconds)


def test_whoever_sleeps_wakes_when_the_clock_is_moved_past_his_time():
    clock = Clock(1.0, start=0.0)
    woken = threading.Event()

    def sleep() -> None:
        clock.sleep(3600)
        woken.set()

    threading.Thread(target=sleep, daemon=True).start()
    clock.advance(3601)
    assert woken.wait(10)


def test_a_moved_clock_tells_by_how_much():
    clock = Clock(1.0, start=0.0, tick=lambda: 0.0)
    clock.advance(5)
    clock.advance(7)
    assert (clock.now(), clock.advanced) == (12.0, 12.0)
