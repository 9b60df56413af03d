"""One instance of a production variant: a container on a port of its own, and whether it may take traffic."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from localcloud.containers.container import Container, ContainerSpec
from localcloud.images.store import Image
from localcloud.processes import load
from localcloud.services.sagemaker.hosting.fleet.http import HOST, Pool, Response
from localcloud.services.sagemaker.hosting.fleet.start_limit import StartLimit
from localcloud.services.sagemaker.logs import LogStream

PING_TIMEOUT_SECONDS = 2.0
"""Developer guide, "Custom inference code with hosting services": a ping must be answered within 2 s. On a
busy machine as much longer as it is busy."""
STARTING_PING_SECONDS = 0.05
SERVING_PING_SECONDS = 1.0
FAILED_PINGS = 3
"""In a row, after which an instance takes no more traffic and is replaced."""
LAST_LINES = 5
"""Of what a container said, that an error repeats."""


@dataclass(frozen=True)
class Program:
    """What each instance of a variant runs."""

    image: Image
    image_uri: str
    environment: dict[str, str]
    """Of the container."""
    credentials: dict[str, str]
    """The execution role's session, for what SageMaker does in its name."""
    model_directory: Path | None
    resolved_at: float
    """When the image's tag was resolved to its digest, in cloud time."""
    entrypoint: tuple[str, ...] | None = None
    isolated: bool = False
    """The model's EnableNetworkIsolation."""


Starter = Callable[..., Container]


class Instance:
    """Started once; when its container ends it is over, and its fleet makes another."""

    def __init__(
        self,
        name: str,
        program: Program,
        directory: Path,
        start: Starter,
        log: Callable[[str], LogStream],
        may_pass: Callable[[], bool] = lambda: True,
    ) -> None:
        self.id = f"i-{secrets.token_hex(8)}{secrets.token_hex(1)[:1]}"
        self.healthy = False
        self.in_flight = 0
        self.answered = False
        """Whether any ping was answered, with whatever status."""
        self.ended = asyncio.Event()
        self.port = _free_port()
        self.pool = Pool(self.port)
        self._name = name
        self._program = program
        self._directory = directory / self.id
        self._start = start
        self._may_pass = may_pass
        self._log = log(self.id)
        self._said: deque[str] = deque(maxlen=LAST_LINES)
        self._launching: asyncio.Future[Container] | None = None
        self._container: Container | None = None

    @property
    def pid(self) -> int | None:
        return self._container.pid if self._container is not None else None

    @property
    def last_lines(self) -> list[str]:
        """The last lines that the container wrote."""
        return list(self._said)

    async def launch(self) -> None:
        """Start the container."""
        loop = asyncio.get_running_loop()
        self._launching = asyncio.ensure_future(asyncio.to_thread(self._launch))
        # Whoever gives up waiting must not leave behind a container that nobody knows.
        self._container = await asyncio.shield(self._launching)
        self._container.when_done(lambda: _post(loop, self._on_end))

    async def ping(self) -> bool:
        """One health check."""
        try:
            limit = PING_TIMEOUT_SECONDS * load.factor()
            answer = await self.pool.send("GET", "/ping", (), b"", limit)
        except (ConnectionError, TimeoutError):
            return False
        self.answered = True
        return answer.status == 200 and self._may_pass()

    async def send(
        self, path: str, headers: Iterable[tuple[str, str]], body: bytes, timeout: float
    ) -> Response:
        """POST to the container."""
        self.in_flight += 1
        try:
            return await self.pool.send("POST", path, headers, body, timeout)
        finally:
            self.in_flight -= 1

    async def drained(self, timeout: float) -> None:
        """Wait until no request is under way."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self.in_flight:
                    await asyncio.sleep(0.01)

    async def stop(self, grace_seconds: float) -> None:
        """End the container; SageMaker sends SIGTERM, and SIGKILL 30 s later."""
        self.healthy = False
        self.pool.close()
        if self._container is None and self._launching is not None:
            self._container = await self._launching
        if self._container is not None:
            await asyncio.to_thread(self._container.terminate, grace_seconds)
        self._log.flush()

    def kill(self) -> None:
        """End the container at once."""
        if self._container is not None:
            self._container.kill()

    def _launch(self) -> Container:
        ml = self._directory / "ml"
        (ml / "model").mkdir(parents=True)
        if self._program.model_directory is not None:
            _link_tree(self._program.model_directory, ml / "model")
        spec = ContainerSpec(
            self._program.image,
            self._name,
            arguments=["serve"],
            command=self._program.entrypoint,
            env={**self._program.environment, "SAGEMAKER_BIND_TO_PORT": str(self.port)},
            ml_directory=ml,
            isolated=self._program.isolated,
        )
        return self._start(spec, self._line, work_dir=self._directory / "work")

    def _line(self, line: str) -> None:
        if line.strip():
            self._said.append(line)
        self._log.write(line)

    def _on_end(self) -> None:
        self.healthy = False
        self.ended.set()
        self._log.flush()


async def until_healthy(instance: Instance, limit: StartLimit) -> bool:
    """Ping until the instance answers 200; False when it ended or its time to start is over."""
    while not limit.over() and not instance.ended.is_set():
        if await instance.ping():
            instance.healthy = not instance.ended.is_set()
            return instance.healthy
        if instance.answered:
            limit.show_life()
        await asyncio.sleep(STARTING_PING_SECONDS)
    return False


async def watch(instance: Instance) -> None:
    """Return when the container ended or failed its health checks."""
    failed = 0
    while failed < FAILED_PINGS:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(instance.ended.wait(), SERVING_PING_SECONDS)
        if instance.ended.is_set():
            return
        failed = 0 if await instance.ping() else failed + 1
    instance.healthy = False


def _post(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: the cloud is going down
        loop.call_soon_threadsafe(callback)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _link_tree(source: Path, target: Path) -> None:
    """Give each instance its own directory of the same files."""
    for root, directories, files in os.walk(source):
        inside = target / Path(root).relative_to(source)
        for name in directories:
            (inside / name).mkdir(exist_ok=True)
        for name in files:
            os.link(Path(root) / name, inside / name)
