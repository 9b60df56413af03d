"""Runs an image as a process of this machine that looks, from inside, like its container.

The process has a root of its own (see `rootfs`) with the image's files, its /opt/ml and /tmp, a clean
environment, and the host's Python with what the image asks for of its distributions. It listens on loopback
alone, leads its own process group and dies with the embedded cloud, even one that is killed. Where the kernel
forbids user namespaces, the process runs in the image's directory instead and finds its /opt/ml through
SAGEMAKER_BASE_DIR. An isolated one can call nobody, where the kernel can see to that.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from localcloud.containers import isolation, pythons, rootfs, sandbox
from localcloud.containers.loopback import Loopback
from localcloud.images.store import Image
from localcloud.processes.pump import Pump

_SHARE_OF_MEMORY = 0.25
"""Of what is available, that one /tmp may come to take."""
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Spawn = Callable[..., "subprocess.Popen[bytes]"]
observers: list[Callable[[ContainerSpec, Container], None]] = []
"""Each is told of every container that has started."""
_PYTHON = re.compile(r"(?:.*/)?python(?:\d(?:\.\d+)?)?\Z")


class ContainerError(RuntimeError):
    """The container cannot be started; the message says what the image asks for."""


@dataclass(frozen=True)
class ContainerSpec:
    """What to run: an image, what SageMaker or Lambda adds to it, and its limits."""

    image: Image
    name: str
    arguments: Sequence[str] = ()
    """Replace the image's CMD when given, as `docker run IMAGE ARGUMENTS` does."""
    command: Sequence[str] | None = None
    """Replaces the image's ENTRYPOINT when given."""
    env: Mapping[str, str] = field(default_factory=dict)
    ml_directory: Path | None = None
    """The host directory that becomes /opt/ml."""
    memory_bytes: int | None = None
    """Resident memory of the process group above which it is killed."""
    isolated: bool = False
    """Whether it must not reach the network."""
    read_only: bool = False
    """Whether it may write to /tmp alone, as Lambda's functions."""
    tmp_bytes: int | None = None
    """What fits into /tmp; None for what fits on this machine's disk, where one too large for memory lies
    too.
    """


class Container:
    """A running container."""

    def __init__(self, process: subprocess.Popen[bytes], pump: Pump, scratch: Path) -> None:
        self._process = process
        self._pump = pump
        self._scratch = scratch
        pump.when_done(self._clean)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return not self._pump.done

    @property
    def exit_code(self) -> int | None:
        """As a shell gives it: 128 + N after signal N; None while it runs."""
        code = self._pump.exit_code
        return code if code is None or code >= 0 else 128 - code

    @property
    def out_of_memory(self) -> bool:
        """Whether it was killed for its resident memory."""
        return self._pump.out_of_memory

    def when_done(self, callback: Callable[[], None]) -> None:
        """Call `callback` from another thread once the process has ended and its last line was delivered."""
        self._pump.when_done(callback)

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """Block until it has ended; its exit code, or None when the time ran out."""
        self._pump.wait(timeout_seconds)
        return self.exit_code

    def settle(self, timeout_seconds: float) -> None:
        """Wait until the lines that it has written by now were delivered."""
        self._pump.settle(timeout_seconds)

    def signal(self, number: int) -> None:
        """Send a signal to the container's main process."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL the whole process group."""
        if self.running:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def terminate(self, grace_seconds: float) -> None:
        """SIGTERM, then SIGKILL for what is left after the grace; returns when it has ended."""
        self.signal(signal.SIGTERM)
        if self.wait(grace_seconds) is None:
            self.kill()
            self.wait(5)

    def _clean(self) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)


def start(
    spec: ContainerSpec, on_line: Callable[[str], None], *, work_dir: Path, spawn: Spawn | None = None
) -> Container:
    """Start `spec`; `on_line` gets each line of stdout and stderr, from another thread.

    `work_dir` holds what the container writes outside /opt/ml; it is emptied when the container ends.
    `spawn`, e.g. `Processes.spawn`, starts the process in a session of its own; without it we do.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"{spec.name[:40]}-", dir=work_dir))
    listening = Loopback() if loopback_possible() else None
    try:
        python = pythons.environment(_pythons(spec.image), spec.image.packages, inside=namespaces_allowed())
        arguments = [*_isolation(spec), *_command(spec, python)]
        environment = _environment(spec, python)
        if namespaces_allowed():
            plan = _rooted(spec, scratch, python)
        else:
            plan = _plain(spec, scratch, environment)
            arguments = [_outside(spec.image.root, word) for word in arguments]
        launch = arguments
        if plan.get("root") or listening is not None:
            plan["channel"] = listening.channel if listening is not None else None
            launch = [sys.executable, "-I", "-S", "-c", _text(sandbox.__file__), json.dumps(plan), *arguments]
        descriptors = (listening.channel,) if listening is not None else ()
        process = _spawn(spawn or popen, launch, environment, Path(plan["outside"]), descriptors)
    except (OSError, ValueError, ContainerError) as problem:
        shutil.rmtree(scratch, ignore_errors=True)
        if listening is not None:
            listening.close()
        if isinstance(problem, ContainerError):
            raise
        raise ContainerError(f"{spec.name}: {problem}") from problem
    if listening is not None:
        listening.serve(spec.name)
    running = Container(process, Pump(process, on_line, spec.memory_bytes), scratch)
    for observer in observers:
        observer(spec, running)
    return running


def _pythons(image: Image) -> Path:
    """Beside the image, so that whatever runs it shares what is linked once."""
    return image.root.parent / "pythons"


def _rooted(spec: ContainerSpec, scratch: Path, python: Path) -> dict[str, Any]:
    """The plan of a container with a root of its own."""
    (scratch / "root").mkdir()
    steps = rootfs.steps(
        spec.image.root,
        python,
        scratch=scratch,
        ml_directory=spec.ml_directory,
        read_only=spec.read_only,
        tmp_bytes=_in_memory(spec.tmp_bytes),
        has_compiler=spec.image.has_compiler,
        certificates=os.environ.get("SSL_CERT_FILE"),
    )
    return {
        "root": str(scratch / "root"),
        "steps": [*steps, ["directory", spec.image.workdir]],
        "read_only": spec.read_only,
        "directory": spec.image.workdir,
        "outside": str(scratch),
    }


def _in_memory(tmp_bytes: int | None) -> int | None:
    """A limited /tmp lies in memory, which refuses what is too much; a large one on the disk, without a
    limit.
    """
    import psutil

    if tmp_bytes is None or tmp_bytes > psutil.virtual_memory().available * _SHARE_OF_MEMORY:
        return None
    return tmp_bytes


def _plain(spec: ContainerSpec, scratch: Path, environment: dict[str, str]) -> dict[str, Any]:
    """The plan of one without: its directory, and the variables that say where its places are."""
    directory = spec.image.root / spec.image.workdir.lstrip("/")
    directory.mkdir(parents=True, exist_ok=True)
    (scratch / "tmp").mkdir()
    for name in (*spec.image.env, *spec.env):
        environment[name] = _outside(spec.image.root, environment[name])
    environment["TMPDIR"] = environment["HOME"] = str(scratch / "tmp")
    if spec.ml_directory is not None:
        environment["SAGEMAKER_BASE_DIR"] = str(spec.ml_directory)
    return {"directory": str(directory), "outside": str(directory)}


def _outside(root: Path, word: str) -> str:
    """A path of the image's as it is without a root of its own; any other word as it is."""
    if not word.startswith("/") or word == "/":
        return word
    try:
        return str(root / word.lstrip("/")) if (root / word.lstrip("/")).exists() else word
    except OSError:  # no path at all, and too long for one
        return word


@cache
def namespaces_allowed() -> bool:
    """Whether this kernel lets us lay out a root in a user namespace of our own."""
    if os.environ.get("LOCALCLOUD_NAMESPACES") == "off" or not sys.platform.startswith("linux"):
        return False
    with tempfile.TemporaryDirectory() as root:
        plan = {"root": root, "steps": [], "read_only": False, "directory": "/"}
        for name in ("/usr", "/bin", "/lib", "/lib64", "/nix"):
            if os.path.exists(name):
                plan["steps"].append(["read", name, name])  # type: ignore[attr-defined]
        probe = [
            sys.executable,
            "-I",
            "-S",
            "-c",
            _text(sandbox.__file__),
            json.dumps(plan),
            "/bin/sh",
            "-c",
            ":",
        ]
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@cache
def loopback_possible() -> bool:
    """Whether this kernel tells us what a process binds to (seccomp user notification, Linux 5.6)."""
    if not sys.platform.startswith("linux") or not hasattr(os, "pidfd_open"):
        return False
    listening = Loopback()
    program = (
        "import socket; s = socket.socket(); s.bind(('0.0.0.0', 0)); assert s.getsockname()[0] == '127.0.0.1'"
    )
    plan = {"directory": "/", "channel": listening.channel}
    probe = [sys.executable, "-I", "-S", "-c", _text(sandbox.__file__), json.dumps(plan)]
    probe += [sys.executable, "-I", "-S", "-c", program]
    process = popen(
        probe, pass_fds=(listening.channel,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    listening.serve("probe")
    try:
        return process.wait(30) == 0
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False


@cache
def _text(path: str) -> str:
    """A program by its text, as its file may lie where no container looks."""
    return Path(path).read_text(encoding="utf-8")


@cache
def isolation_possible() -> bool:
    """Whether this kernel lets us keep a process from the network."""
    if not sys.platform.startswith("linux"):
        return False
    probe = [*_cutting(), sys.executable, "-I", "-S", "-c", "pass"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def _isolation(spec: ContainerSpec) -> list[str]:
    return _cutting() if spec.isolated and isolation_possible() else []


def _cutting() -> list[str]:
    """The command that cuts off what follows."""
    return [_interpreter(), "-I", "-S", "-c", _text(isolation.__file__), "--"]


def _interpreter() -> str:
    """The interpreter by a name that it has inside and outside."""
    return str(pythons.interpreter())


def _command(spec: ContainerSpec, python: Path) -> list[str]:
    image = spec.image
    head = tuple(image.entrypoint if spec.command is None else spec.command)
    words = [*head, *(spec.arguments or (image.command if spec.command is None else ()))]
    if not words:
        raise ContainerError(f"{spec.name}: the image has neither ENTRYPOINT nor CMD")
    if words[:2] and words[0].endswith("/env") and len(words) > 1:
        words = words[1:]
    if _PYTHON.match(words[0]):
        words[0] = str(_python_home(python) / "bin" / "python")
    return words


def _python_home(python: Path) -> Path:
    return Path(pythons.INSIDE) if namespaces_allowed() else python


def _environment(spec: ContainerSpec, python: Path) -> dict[str, str]:
    """Nothing of the host's but what its Python needs to trust certificates."""
    inherited = {name: os.environ[name] for name in ("SSL_CERT_FILE", "LANG") if name in os.environ}
    environment = {"HOME": "/tmp", **inherited, **spec.image.env, **spec.env}  # noqa: S108 (private /tmp)
    environment["PATH"] = f"{_python_home(python)}/bin:{SYSTEM_PATH}"
    return environment


def _spawn(
    spawn: Spawn,
    launch: Sequence[str],
    environment: Mapping[str, str],
    directory: Path,
    descriptors: tuple[int, ...],
) -> Any:
    started: Future[subprocess.Popen[bytes]] = Future()

    def begin() -> None:
        try:
            process = spawn(
                launch,
                env=environment,
                cwd=directory,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=descriptors,
            )
        except BaseException as problem:
            started.set_exception(problem)
        else:
            started.set_result(process)

    _spawner().put(begin)
    return started.result()


def popen(args: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own."""
    return subprocess.Popen(args, stdin=subprocess.DEVNULL, start_new_session=True, **options)


@cache
def _spawner() -> SimpleQueue[Callable[[], None]]:
    """Every process is started by one thread that lives as long as this process.

    Linux sends the parent-death signal when the starting *thread* ends (prctl(2), PR_SET_PDEATHSIG).
    """
    queue: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def serve() -> None:
        while True:
            queue.get()()

    threading.Thread(target=serve, name="container-spawner", daemon=True).start()
    return queue
