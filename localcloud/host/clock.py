"""The embedded cloud's clock: it may run faster than the wall, and never goes back.

It governs what AWS makes a caller wait for (bakes, alarm periods, schedules, start-up limits) and what is
stamped with the time. Latencies, limits on real work, visibility timeouts, signatures and sessions stay on
wall time: a faster cloud does not make a process faster.
"""

import asyncio
import math
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

SAVE_INTERVAL_WALL_SECONDS = 1.0
"""How often a clock with a file writes its promise."""
_LOOK_WALL_SECONDS = 0.1
"""A sleeper looks so often whether the clock was moved."""


class ClockError(ValueError):
    """The clock was given a speed, a time or a file that it cannot run with."""


class Timer(Protocol):
    """What happens at times of its own, to which a clock that is moved stops on the way."""

    def next_due(self) -> float | None:
        """Epoch seconds; None where nothing is due."""
        ...

    def sweep(self) -> None:
        """Do what is due by now."""
        ...


class Clock:
    """Cloud time: epoch seconds that pass ``speed`` times as fast as the wall's, and may be moved forward.

    `advanced` are the seconds by which it was moved."""

    def __init__(
        self, speed: float = 1.0, *, start: float | None = None, tick: Callable[[], float] = time.monotonic
    ) -> None:
        if not (math.isfinite(speed) and speed > 0):
            raise ClockError(f"the clock's speed must be a positive number, not {speed!r}")
        self.speed = float(speed)
        self._tick = tick
        self._origin_tick = tick()
        self._origin = time.time() if start is None else float(start)
        self.advanced = 0.0
        self.timers: list[Timer] = []

    def advance(self, cloud_seconds: float) -> float:
        """Let ``cloud_seconds`` pass at once; the new time. Time that goes back is refused."""
        if not cloud_seconds >= 0:
            raise ClockError(f"time cannot go back by {-cloud_seconds} s")
        self._origin += cloud_seconds
        self.advanced += cloud_seconds
        return self.now()

    def now(self) -> float:
        """Cloud time in epoch seconds."""
        return self._origin + (self._tick() - self._origin_tick) * self.speed

    def utcnow(self) -> datetime:
        """Cloud time as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.now(), UTC)

    def wall_seconds(self, cloud_seconds: float) -> float:
        """The wall seconds that ``cloud_seconds`` take; never negative."""
        return max(0.0, cloud_seconds) / self.speed

    def sleep(self, cloud_seconds: float) -> None:
        """Block this thread for ``cloud_seconds`` of cloud time."""
        self.wait(threading.Event(), cloud_seconds)

    async def async_sleep(self, cloud_seconds: float) -> None:
        """Suspend this task for ``cloud_seconds`` of cloud time."""
        until = self.now() + cloud_seconds
        while (left := until - self.now()) > 0:
            await asyncio.sleep(min(self.wall_seconds(left), _LOOK_WALL_SECONDS))

    def wait(self, event: threading.Event, cloud_seconds: float) -> bool:
        """Block until ``event`` is set or ``cloud_seconds`` have passed; whether it was set."""
        until = self.now() + cloud_seconds
        while not event.is_set() and (left := until - self.now()) > 0:
            event.wait(min(self.wall_seconds(left), _LOOK_WALL_SECONDS))
        return event.is_set()


class FakeClock(Clock):
    """A clock that moves only when told: a sleep advances it and returns at once."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        super().__init__(1.0, start=start, tick=lambda: 0.0)

    def wall_seconds(self, cloud_seconds: float) -> float:
        return 0.0

    def sleep(self, cloud_seconds: float) -> None:
        self.advance(max(0.0, cloud_seconds))

    async def async_sleep(self, cloud_seconds: float) -> None:
        self.advance(max(0.0, cloud_seconds))
        await asyncio.sleep(0)

    def wait(self, event: threading.Event, cloud_seconds: float) -> bool:
        if not event.is_set():
            self.advance(max(0.0, cloud_seconds))
        return event.is_set()


class ClockFile:
    """Keeps a clock's time across restarts, a kill -9 included.

    While the clock runs, the file holds a promise: a time that it will not pass before the next write. A
    clock that starts from the promise is therefore never behind one that was killed; it may skip ahead by
    two intervals at most. A clean stop writes the exact time, so nothing is skipped.
    """

    def __init__(self, path: Path, interval_wall_seconds: float = SAVE_INTERVAL_WALL_SECONDS) -> None:
        self._path = path
        self._interval = interval_wall_seconds
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._clock: Clock | None = None

    def start(self, speed: float) -> Clock:
        """A clock at the wall's now, or at the kept time if that is later; it is kept from here on."""
        clock = Clock(speed, start=max(time.time(), self.read()))
        self._clock = clock
        self._promise(clock)
        self._thread = threading.Thread(target=self._keep, args=(clock,), name="clock-file", daemon=True)
        self._thread.start()
        return clock

    def stop(self) -> None:
        """Write the exact time and stop; safe to call twice."""
        if self._clock is None or self._stopping.is_set():
            return
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._write(self._clock.now())

    def read(self) -> float:
        """The kept time, or 0 when nothing was kept yet."""
        if not self._path.exists():
            return 0.0
        text = self._path.read_text()
        try:
            return float(text)
        except ValueError:
            raise ClockError(
                f"{self._path} should hold the cloud's time in epoch seconds but holds {text[:40]!r}; "
                "delete it to start from the wall's time"
            ) from None

    def _keep(self, clock: Clock) -> None:
        while not self._stopping.wait(self._interval):
            self._promise(clock)

    def _promise(self, clock: Clock) -> None:
        self._write(clock.now() + 2 * self._interval * clock.speed)

    def _write(self, cloud_time: float) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".draft")
        draft.write_text(repr(cloud_time))
        os.replace(draft, self._path)


_installed: Clock | None = None


def install(clock: Clock) -> Clock:
    """Make ``clock`` the one that get() returns in this process."""
    global _installed
    _installed = clock
    return clock


def get() -> Clock:
    """The process's clock: the installed one, or one that runs with the wall."""
    return _installed or install(Clock())
