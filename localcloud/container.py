"""Runs an image as a process of this machine that looks, from inside, like its container.

The process has a private mount namespace with the image's /opt, its own /opt/ml and /tmp, a clean
environment, and the host's virtual environment in place of the image's Python. It leads its own process
group and dies with the embedded cloud, even one that is killed. Where the kernel forbids user namespaces, the
process runs in the image's directory instead and finds its /opt/ml through SAGEMAKER_BASE_DIR. An isolated
one can call nobody, where the kernel can see to that.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
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

from localcloud import isolation
from localcloud.images import Image
from localcloud.pump import Pump

MOUNTED = ("opt", "tmp")
"""The top-level directories of the host that a container does not see."""
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
    arguments = [*_isolation(spec), *_command(spec)]
    environment = _environment(spec)
    if namespaces_allowed():
        launch = ["unshare", "-rm", "--propagation", "private", "/bin/sh", "-c"]
        launch += [_mount_script(spec, scratch), spec.name, *arguments]
        directory: Path | None = None
    else:
        root = spec.image.root
        directory = root / spec.image.workdir.lstrip("/")
        directory.mkdir(parents=True, exist_ok=True)
        (scratch / "tmp").mkdir()
        environment["TMPDIR"] = str(scratch / "tmp")
        if spec.ml_directory is not None:
            environment["SAGEMAKER_BASE_DIR"] = str(spec.ml_directory)
        launch = arguments
    try:
        process = _spawn(spawn or popen, launch, environment, directory or scratch)
    except OSError as problem:
        shutil.rmtree(scratch, ignore_errors=True)
        raise ContainerError(f"{spec.name}: cannot run {shlex.join(arguments)}: {problem}") from problem
    running = Container(process, Pump(process, on_line, spec.memory_bytes), scratch)
    for observer in observers:
        observer(spec, running)
    return running


@cache
def namespaces_allowed() -> bool:
    """Whether this kernel lets us mount in a user namespace of our own."""
    if os.environ.get("LOCALCLOUD_NAMESPACES") == "off" or not sys.platform.startswith("linux"):
        return False
    if not all(shutil.which(tool) for tool in ("unshare", "mount", "setpriv")):
        return False
    probe = ["unshare", "-rm", "--propagation", "private", "/bin/sh", "-c", "mount -t tmpfs tmpfs /tmp"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@cache
def isolation_possible() -> bool:
    """Whether this kernel lets us keep a process from the network."""
    probe = [*_cutting(), sys.executable, "-I", "-S", "-c", "pass"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def _isolation(spec: ContainerSpec) -> list[str]:
    return _cutting() if spec.isolated and isolation_possible() else []


@cache
def _cutting() -> list[str]:
    """The command that cuts off what follows; by its text, as its file may lie where no container looks."""
    text = Path(isolation.__file__).read_text(encoding="utf-8")
    return [sys.executable, "-I", "-S", "-c", text, "--"]


def _command(spec: ContainerSpec) -> list[str]:
    image = spec.image
    head = tuple(image.entrypoint if spec.command is None else spec.command)
    words = [*head, *(spec.arguments or (image.command if spec.command is None else ()))]
    if not words:
        raise ContainerError(f"{spec.name}: the image has neither ENTRYPOINT nor CMD")
    if words[:2] and words[0].endswith("/env") and len(words) > 1:
        words = words[1:]
    if _PYTHON.match(words[0]):
        words[0] = sys.executable
    return words


def _environment(spec: ContainerSpec) -> dict[str, str]:
    """Nothing of the host's but what its Python needs to trust certificates."""
    venv_bin = str(Path(sys.executable).parent)
    inherited = {name: os.environ[name] for name in ("SSL_CERT_FILE", "LANG") if name in os.environ}
    environment = {"HOME": "/tmp", **inherited, **spec.image.env, **spec.env}  # noqa: S108 (private /tmp)
    environment["PATH"] = f"{venv_bin}:{SYSTEM_PATH}"
    return environment


def _mount_script(spec: ContainerSpec, scratch: Path) -> str:
    """A shell script that arranges the mounts and becomes the container's process.

    Directories of the host that Python itself lives in are put back when they lie under a hidden one.
    """
    for name in (*MOUNTED, "kept"):
        (scratch / name).mkdir()
    quoted = shlex.quote
    lines = ["set -e"]
    for index, kept in enumerate(_kept_directories()):
        saved = scratch / "kept" / str(index)
        saved.mkdir()
        (scratch / kept.lstrip("/")).mkdir(parents=True, exist_ok=True)
        lines.append(f"mount --rbind {quoted(kept)} {quoted(str(saved))}")
        lines.append(f"mount --rbind {quoted(str(saved))} {quoted(str(scratch / kept.lstrip('/')))}")
    for source, target in _binds(spec):
        inside = scratch / target.lstrip("/")
        inside.mkdir(parents=True, exist_ok=True)
        lines.append(f"mount --bind {quoted(str(source))} {quoted(str(inside))}")
    lines += [f"mount --rbind {quoted(str(scratch / name))} /{name}" for name in MOUNTED]
    lines += [f"cd {quoted(_workdir(spec))}", 'exec setpriv --pdeathsig KILL -- "$@"']
    return "\n".join(lines)


def _binds(spec: ContainerSpec) -> list[tuple[Path, str]]:
    opt = spec.image.root / "opt"
    children = sorted(path for path in opt.iterdir() if path.is_dir()) if opt.is_dir() else []
    binds = [(path, f"/opt/{path.name}") for path in children if path.name != "ml"]
    if spec.ml_directory is not None:
        binds.append((spec.ml_directory, "/opt/ml"))
    return binds


def _workdir(spec: ContainerSpec) -> str:
    workdir = spec.image.workdir
    if workdir == "/" or workdir.startswith(("/opt/", "/tmp")):  # noqa: S108 (the container's own)
        return workdir
    raise ContainerError(
        f"{spec.name}: WORKDIR {workdir} is outside /opt, and of an image the embedded cloud shows only /opt"
    )


def _kept_directories() -> list[str]:
    """Directories under a hidden one that the host's Python needs: the venv and what it was made of."""
    needed = {sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parent.parent)}
    hidden = tuple(f"/{name}/" for name in MOUNTED)
    return sorted(path for path in needed if path.startswith(hidden))


def _spawn(spawn: Spawn, launch: Sequence[str], environment: Mapping[str, str], directory: Path) -> Any:
    started: Future[subprocess.Popen[bytes]] = Future()

    def begin() -> None:
        try:
            process = spawn(
                launch, env=environment, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
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
