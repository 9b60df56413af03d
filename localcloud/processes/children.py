"""Every process that the cloud starts: each in its own session, none outliving the cloud."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from localcloud.processes import watchdog

_Stream = int | IO[bytes] | None


class StoppingError(RuntimeError):
    """A process was to be started while the cloud ends."""


class Processes:
    """Starts processes and knows which sessions still live; a watchdog knows them too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[int, subprocess.Popen[bytes]] = {}
        self._stopped = False
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", watchdog.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def spawn(
        self,
        args: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str | Path,
        stdin: _Stream = subprocess.DEVNULL,
        stdout: _Stream = subprocess.DEVNULL,
        stderr: _Stream = subprocess.DEVNULL,
        pass_fds: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Start a process as leader of its own session, with exactly the environment given."""
        with self._lock:
            if self._stopped:
                raise StoppingError(f"The cloud is stopping; {args[0]} was not started.")
            self._forget_dead()
            process = subprocess.Popen(
                list(args),
                env=dict(env),
                cwd=cwd,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=pass_fds,
                start_new_session=True,
            )
            self._sessions[process.pid] = process
            self._tell("+", process.pid)
        return process

    def stop(self, process: subprocess.Popen[bytes], grace_seconds: float = 1.0) -> None:
        """End a process and all it started: SIGTERM, then SIGKILL after the grace."""
        self._end({process.pid}, grace_seconds)
        process.wait()
        with self._lock:
            self._forget_dead()

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End a process and all it started, at once."""
        self.stop(process, grace_seconds=0.0)

    def stop_all(self, grace_seconds: float = 1.0) -> None:
        """End everything that was started here, and start nothing more."""
        with self._lock:
            self._stopped = True
            sessions = set(self._sessions)
        self._end(sessions, grace_seconds)
        for process in self._sessions.values():
            process.wait()

    def close(self) -> None:
        """Let the watchdog go: nothing is left to watch."""
        assert self._watchdog.stdin is not None  # noqa: S101 - made with PIPE above
        self._watchdog.stdin.close()
        self._watchdog.wait()

    def _end(self, sessions: set[int], grace_seconds: float) -> None:
        deadline = time.monotonic() + grace_seconds
        if grace_seconds > 0:
            watchdog.signal_all(sessions, signal.SIGTERM)
            while watchdog.members(sessions) and time.monotonic() < deadline:
                self._reap()
                time.sleep(0.01)
        watchdog.kill_all(sessions)

    def _reap(self) -> None:
        for process in list(self._sessions.values()):
            process.poll()

    def _forget_dead(self) -> None:
        """Drop sessions whose leader ended and left nothing behind."""
        ended = {pid for pid, process in self._sessions.items() if process.poll() is not None}
        for pid in ended:
            if not watchdog.members({pid}):
                del self._sessions[pid]
                self._tell("-", pid)

    def _tell(self, sign: str, session: int) -> None:
        assert self._watchdog.stdin is not None  # noqa: S101 - made with PIPE above
        self._watchdog.stdin.write(f"{sign}{session}\n".encode())
        self._watchdog.stdin.flush()
