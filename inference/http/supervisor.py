"""Keeps the workers: replaces one that dies, ends one that hangs, and stops them all when told.

Signals are blocked and taken one at a time, so none is lost between two steps and none has to be waited out.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from inference.http.logs import log
from inference.http.settings import ServerSettings

_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 1.0  # a worker that cannot start must not spin
_PR_SET_PDEATHSIG = 1
_GRACE_SECONDS = 5.0  # beyond draining, until a worker that does not stop is ended
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
Beat = Callable[[], None]


class Heartbeats:
    """When each worker last said that it is alive (monotonic seconds), in memory that all of them share."""

    def __init__(self, workers: int) -> None:
        self._shared = mmap.mmap(-1, 8 * workers)

    def beat(self, slot: int) -> None:
        struct.pack_into("d", self._shared, 8 * slot, time.monotonic())

    def clear(self, slot: int) -> None:
        struct.pack_into("d", self._shared, 8 * slot, 0.0)

    def last(self, slot: int) -> float:
        """0 before the first."""
        return float(struct.unpack_from("d", self._shared, 8 * slot)[0])


@dataclass
class Worker:
    """One process; `pid` is 0 while it waits to be started again."""

    slot: int
    pid: int = 0
    started: float = 0.0
    next_start: float = 0.0


def hangs(started: float, last_beat: float, now: float, settings: ServerSettings) -> bool:
    """Whether a worker has been silent for too long; until its first beat it may load a large model."""
    if last_beat:
        return now - last_beat > settings.hang_seconds
    return now - started > settings.start_seconds


class Supervisor:
    """`run` calls `work(settings, beat)` in each worker's process, and returns when all have ended."""

    def __init__(self, settings: ServerSettings, work: Callable[[ServerSettings, Beat], None]) -> None:
        self._settings = settings
        self._work = work
        self._beats = Heartbeats(settings.workers)
        self._workers = [Worker(slot) for slot in range(settings.workers)]
        self._has_served = False
        self._stop_by: float | None = None
        self._status = 0

    def run(self) -> int:
        """The exit status: 0 when told to stop, 1 where the first workers could not start."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        while self._stop_by is None or any(worker.pid for worker in self._workers):
            now = time.monotonic()
            if self._stop_by is None:
                self._start_due(now)
            self._end_hanging(now)
            taken = signal.sigtimedwait(_SIGNALS, _LOOK_SECONDS)
            if taken and taken.si_signo in (signal.SIGTERM, signal.SIGINT):
                self._stop()
            self._reap()
        return self._status

    def _start_due(self, now: float) -> None:
        for worker in self._workers:
            if not worker.pid and now >= worker.next_start:
                self._beats.clear(worker.slot)
                worker.started = now
                worker.pid = self._fork(worker.slot)

    def _fork(self, slot: int) -> int:
        process = os.fork()
        if process:
            return process
        try:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            _end_with_parent()
            self._work(self._settings, lambda: self._beats.beat(slot))
            os._exit(0)
        except BaseException as error:
            print(error, file=sys.stderr, flush=True)
            os._exit(1)

    def _end_hanging(self, now: float) -> None:
        for worker in self._workers:
            last = self._beats.last(worker.slot)
            late = self._stop_by is not None and now > self._stop_by
            if worker.pid and (late or hangs(worker.started, last, now, self._settings)):
                log(
                    "worker_hangs",
                    process=worker.pid,
                    silent_seconds=round(now - (last or worker.started), 1),
                )
                os.kill(worker.pid, signal.SIGKILL)

    def _stop(self) -> None:
        if self._stop_by is None:
            self._stop_by = time.monotonic() + self._settings.drain_seconds + _GRACE_SECONDS
        for worker in self._workers:
            if worker.pid:
                os.kill(worker.pid, signal.SIGTERM)

    def _reap(self) -> None:
        for worker in self._workers:
            if worker.pid:
                process, status = os.waitpid(worker.pid, os.WNOHANG)
                if process:
                    self._ended(worker, os.waitstatus_to_exitcode(status))

    def _ended(self, worker: Worker, status: int) -> None:
        process, worker.pid = worker.pid, 0
        self._has_served = self._has_served or any(self._beats.last(one.slot) for one in self._workers)
        if self._stop_by is not None:
            return
        log("worker_died", process=process, status=status)
        worker.next_start = time.monotonic() + _PAUSE_SECONDS
        if not self._has_served:  # whoever started this has to know, and may try again
            self._status = 1
            self._stop()


def _end_with_parent() -> None:
    """Nobody would stop the worker of a supervisor that was killed, and it would keep the port (prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
