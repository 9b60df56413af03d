"""Carries a process's output line by line to a callback, until the process has ended."""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import selectors
import signal
import subprocess
import termios
import threading
import time
from collections.abc import Callable

from localcloud.processes import usage

MAX_LINE_BYTES = 256 * 1024
"""CloudWatch Logs splits longer messages (quotas: event size 256 KB)."""
MEMORY_CHECK_SECONDS = 0.1
SLOW_MEMORY_CHECK_SECONDS = 0.5
"""Where asking for it costs more: without /proc."""
POLL_SECONDS = 0.2
SETTLE_SECONDS = 0.001


class Pump:
    """One thread per process: lines out, exit code, memory limit."""

    def __init__(
        self, process: subprocess.Popen[bytes], on_line: Callable[[str], None], memory_bytes: int | None
    ) -> None:
        self.exit_code: int | None = None
        self.out_of_memory = False
        self._process = process
        self._on_line = on_line
        self._memory_bytes = memory_bytes
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []
        self._pending = b""
        threading.Thread(target=self._run, name=f"pump-{process.pid}", daemon=True).start()

    @property
    def done(self) -> bool:
        return self._ended.is_set()

    def wait(self, timeout_seconds: float | None) -> bool:
        """Block until the end; whether it came in time."""
        return self._ended.wait(timeout_seconds)

    def when_done(self, callback: Callable[[], None]) -> None:
        """Call back after the end; at once when it has come."""
        with self._lock:
            if not self._ended.is_set():
                self._callbacks.append(callback)
                return
        callback()

    def _run(self) -> None:
        try:
            self._read_until_exit()
        finally:
            self._finish()

    def _read_until_exit(self) -> None:
        pipe = self._process.stdout
        if pipe is None:
            raise ValueError("the process was started without a pipe for its output")
        os.set_blocking(pipe.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            exit_fd = _pidfd(self._process.pid)
            if exit_fd is not None:
                selector.register(exit_fd, selectors.EVENT_READ)
            while self._process.poll() is None:
                for key, _ in selector.select(self._interval(exit_fd)):
                    if key.fileobj is pipe and not self._drain(pipe.fileno()):
                        selector.unregister(pipe)
                self._enforce_memory()
            self._drain(pipe.fileno())
            if exit_fd is not None:
                os.close(exit_fd)
        pipe.close()

    def _interval(self, exit_fd: int | None) -> float | None:
        if self._memory_bytes is not None:
            return MEMORY_CHECK_SECONDS if usage.has_proc() else SLOW_MEMORY_CHECK_SECONDS
        return None if exit_fd is not None else POLL_SECONDS

    def settle(self, timeout_seconds: float) -> None:
        """Wait until what the process has written by now was delivered, or the time is over."""
        deadline = time.monotonic() + timeout_seconds
        while not self._ended.is_set() and time.monotonic() < deadline:
            with self._reading:
                if not self._unread():
                    return
            time.sleep(SETTLE_SECONDS)

    def _unread(self) -> int:
        """Bytes that wait in the pipe; 0 once it is closed."""
        pipe = self._process.stdout
        if pipe is None or pipe.closed:
            return 0
        waiting = array.array("i", [0])
        with contextlib.suppress(OSError):
            fcntl.ioctl(pipe.fileno(), termios.FIONREAD, waiting)
        return waiting[0]

    def _drain(self, descriptor: int) -> bool:
        """Deliver what can be read now; False at the end of the output."""
        with self._reading:
            while True:
                try:
                    chunk = os.read(descriptor, 65536)
                except BlockingIOError:
                    return True
                if not chunk:
                    return False
                *lines, self._pending = (self._pending + chunk).split(b"\n")
                for line in lines:
                    self._deliver(line)
                if len(self._pending) > MAX_LINE_BYTES:
                    self._deliver(self._pending)
                    self._pending = b""

    def _deliver(self, line: bytes) -> None:
        self._on_line(line.rstrip(b"\r").decode("utf-8", "replace"))

    def _enforce_memory(self) -> None:
        if self._memory_bytes is None or usage.resident_bytes(self._process.pid) <= self._memory_bytes:
            return
        self.out_of_memory = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _finish(self) -> None:
        if self._pending:
            self._deliver(self._pending)
        # What the main process started must not outlive it, as in a container.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self.exit_code = self._process.wait()
        with self._lock:
            self._ended.set()
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()


def _pidfd(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends (Linux 5.3), or None."""
    opener = getattr(os, "pidfd_open", None)
    if opener is None:
        return None
    try:
        return int(opener(pid))
    except OSError:
        return None
