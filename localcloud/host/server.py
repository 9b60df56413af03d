"""Runs the embedded cloud: boots the gateway with its plug-ins, deploys the assembly, and stops it all."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from localcloud.host import durability, gateway, plugins
from localcloud.host.clock import ClockFile
from localcloud.host.clock import install as install_clock
from localcloud.host.cloud import Cloud
from localcloud.host.options import ACCOUNT, REGION, Options
from localcloud.host.persistence import Snapshots
from localcloud.iam import authentication
from localcloud.ministack_adapter import app
from localcloud.processes import load
from localcloud.processes.children import Processes

_log = logging.getLogger("localcloud")
_LOGS_KEPT = 20
_REMOVALS, _BETWEEN_REMOVALS_SECONDS = 100, 0.2
_STOP_SECONDS = 4.5
"""After a signal, whatever still runs is abandoned to the watchdog: 5 s are promised."""


class StateInUseError(Exception):
    """Another cloud runs on the state directory asked for."""


class Server:
    """One run of the cloud in this process."""

    def __init__(self, options: Options, state_dir: Path, processes: Processes) -> None:
        self._options = options
        self._state_dir = state_dir
        self._processes = processes
        self._socket = gateway.listen(options.port)
        self.port: int = self._socket.getsockname()[1]
        self._stopping = asyncio.Event()
        self.exit_code = 0

    def run(self, when_ready: Callable[[Cloud], None]) -> int:
        """Serve until a signal; `when_ready` runs in its own thread and may raise to end the cloud."""
        port = self.port
        gateway.configure_environment(port, self._state_dir / "services", self._state_dir / "objects")
        clock_file = ClockFile(self._state_dir / "clock")
        self.cloud = Cloud(
            account=ACCOUNT,
            region=REGION,
            endpoint_url=f"http://{gateway.HOST}:{port}",
            state_dir=self._state_dir,
            admin=authentication.administrator_keys(self._state_dir),
            clock=install_clock(clock_file.start(self._options.speed)),
            processes=self._processes,
            speed=self._options.speed,
            faults=self._options.faults,
            quotas=dict(self._options.quotas),
            metric_delays=dict(self._options.metric_delays),
        )
        self._when_ready = when_ready
        try:
            asyncio.run(self._serve())
        finally:
            clock_file.stop()
        return self.exit_code

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._loop.add_signal_handler(number, self._stop)
        plugins.install(self.cloud)
        self._snapshots = Snapshots(app)
        durability.install(self._snapshots)
        await gateway.serve(gateway.when_started(app.app, self._started), self._socket, self._stopping)
        await asyncio.to_thread(self._shut_down)

    def _started(self) -> None:
        authentication.ensure_administrator(self.cloud.admin)
        self._snapshots.start()
        threading.Thread(target=self._become_ready, name="when-ready", daemon=True).start()

    def _become_ready(self) -> None:
        try:
            self.cloud.started(_log.error)
            self._when_ready(self.cloud)
        except Exception as error:
            _log.exception("the cloud could not become ready")
            if self._stopping.is_set():
                return  # the stop itself took away what was being waited for
            print(f"localcloud: {error}", file=sys.stderr, flush=True)
            self.exit_code = 1
            self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            self._snapshots.freeze()
            limit = threading.Timer(_STOP_SECONDS * load.factor(), self._abandon)
            limit.daemon = True
            limit.start()

    def _abandon(self) -> None:
        """Leave at once; a state that nobody asked to keep is removed here, for nothing after this runs."""
        if self._options.state is None:
            remove(self._state_dir)
        os._exit(self.exit_code)

    def _shut_down(self) -> None:
        self.cloud.shut_down(_log.error)
        self.cloud.processes.stop_all(grace_seconds=1.0)


@contextmanager
def state_directory(state: Path | None) -> Iterator[Path]:
    """The directory asked for, or one that is gone at the end."""
    if state is not None:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)  # sessions' secrets are kept in it
        state.chmod(0o700)
        with _only_one(state):
            yield state.absolute()
        return
    parent = Path("build/localcloud").absolute()
    parent.mkdir(parents=True, exist_ok=True)
    parent.chmod(0o700)
    tidy(parent)
    temporary = Path(tempfile.mkdtemp(prefix=f"run-{os.getpid()}-", dir=parent))
    try:
        yield temporary
    finally:
        remove(temporary)


def remove(directory: Path) -> None:
    """Remove it with what threads that were cut off still write below it, such as a function's code."""
    for _ in range(_REMOVALS):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(_BETWEEN_REMOVALS_SECONDS)


@contextmanager
def _only_one(state: Path) -> Iterator[None]:
    """Hold the directory for this process; the kernel lets it go however the process ends."""
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateInUseError(
                f"{state} is in use by another cloud: stop that one, or give --state another directory."
            ) from None
        yield


def tidy(parent: Path) -> None:
    """Remove what clouds that were killed left behind, and all but the newest logs."""
    for left in parent.glob("run-*-*"):
        if not _lives(int(left.name.split("-")[1])):
            shutil.rmtree(left, ignore_errors=True)
    logs = sorted(parent.glob("cloud-*.log*"), key=lambda path: path.stat().st_mtime)
    for old in logs[:-_LOGS_KEPT]:
        old.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
