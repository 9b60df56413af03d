"""Starts a cloud as a child process and waits until it is ready: for tests and for the rehearsal.

with launch(port=0) as cloud:
    cloud.session().client("s3").list_buckets()
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import localcloud
from localcloud.host.options import DEFAULT_SPEED
from localcloud.host.ready_file import Ready
from localcloud.processes import load

# The cloud gives up on what does not end well before this; what takes longer is a disk on which removing ten
# thousand files does, and a cloud killed there would leave them behind.
_STOP_SECONDS = 60.0
_LOOK_SECONDS = 0.02


class LaunchError(Exception):
    """The cloud did not become ready; the message is what it said."""


class Running:
    """A cloud that is ready; leaving the context stops it."""

    def __init__(self, process: subprocess.Popen[str], child: _Child, ready: Ready) -> None:
        self.process = process
        self._child = child
        self.outputs = ready.outputs
        self.environment = ready.environment
        self.endpoint_url = ready.endpoint_url
        self.speed = ready.speed

    def session(self) -> Any:
        """A boto3 session of the administrator; its clients need `endpoint_url=cloud.endpoint_url`."""
        import boto3

        return boto3.Session(
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=self.environment["AWS_REGION"],
        )

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of the administrator, pointed at this cloud."""
        return self.session().client(service, endpoint_url=self.endpoint_url, **options)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End the cloud and all its processes; its exit status."""
        try:
            return _end(self.process, number)
        finally:
            self._child.close()

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def launch(
    state_dir: Path | None = None,
    port: int = 0,
    speed: float = DEFAULT_SPEED,
    assembly: Path | None = None,
    *,
    stage: str = "dev",
    deploy: bool = True,
    project: Path | None = None,
    faults: Path | None = None,
    quotas: Mapping[str, int] | None = None,
    metric_delays: Mapping[str, float] | None = None,
) -> Running:
    """Start `python -m localcloud up` in `project` (default: here) and wait until it is ready."""
    folder = Path(tempfile.mkdtemp(prefix="localcloud-"))
    ready_file = folder / "ready.json"
    arguments = ["--until-stdin-closes", "--port", str(port), "--speed", str(speed), "--stage", stage]
    arguments += ["--ready-file", str(ready_file)]
    arguments += ["--state", str(state_dir)] if state_dir else []
    arguments += ["--assembly", str(assembly)] if assembly else []
    arguments += [] if deploy else ["--no-deploy"]
    arguments += ["--faults", str(faults)] if faults else []
    for kind, count in (quotas or {}).items():
        arguments += ["--quota", f"{kind}={count}"]
    for namespace, seconds in (metric_delays or {}).items():
        arguments += ["--metric-delay", f"{namespace}={seconds:g}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "localcloud", "up", *arguments],
        cwd=project,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,  # Ctrl-C reaches the caller alone, who stops the cloud when all else is put away
    )
    child = _Child(process, folder)
    try:
        return Running(process, child, child.wait_until_ready(ready_file))
    except BaseException:
        _end(process, signal.SIGTERM)
        child.close()
        raise


def _end(process: subprocess.Popen[str], number: signal.Signals) -> int:
    """End the process and wait for it, by force if it must be; its exit status."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(_STOP_SECONDS * load.factor())
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _environment() -> dict[str, str]:
    package = str(Path(localcloud.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


class _Child:
    """The cloud's process: what it complains of, and the folder of its ready file."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._complaints: list[str] = []
        self._listener = threading.Thread(target=self._listen, name="cloud-stderr", daemon=True)
        self._listener.start()

    def wait_until_ready(self, ready_file: Path) -> Ready:
        """What the ready file says; LaunchError when the child ends before there is one."""
        status = None
        while status is None:
            with contextlib.suppress(FileNotFoundError):
                return Ready.read(ready_file)
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = self._process.wait(_LOOK_SECONDS)
        self._listener.join(timeout=1)
        text = "".join(self._complaints).strip()
        raise LaunchError(text or f"the cloud ended with status {status}")

    def close(self) -> None:
        """Forget the ended child's pipes and folder."""
        self._listener.join(timeout=1)
        for pipe in (self._process.stdin, self._process.stderr):
            if pipe is not None:
                pipe.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _listen(self) -> None:
        self._complaints.extend(self._process.stderr or ())
