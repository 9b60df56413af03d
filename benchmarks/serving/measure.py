"""Runs a server, asks it, and reads from /proc what that cost."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from benchmarks.serving.servers import BUILD, ROOT, Server
from benchmarks.serving.workload import Workload

_TICKS = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 120.0
_SOURCES = Path(__file__).parent


def compile_tools() -> None:
    """The load generator and the floor."""
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in ("load", "floor"):
        command = ["cc", "-O2", "-Wall", "-o", str(BUILD / name), str(_SOURCES / f"{name}.c")]
        subprocess.run(command, check=True)


@dataclass(frozen=True)
class Running:
    server: Server
    workload: Workload
    port: int
    process: subprocess.Popen[bytes]
    cold_start_seconds: float

    def ask(self, rows: int, connections: int, seconds: float, rate: float = 0) -> dict[str, float]:
        """Latencies in microseconds, requests a second, and processor time a request in microseconds."""
        request = self.server.request(self.workload.rows.head(rows))
        words = [str(BUILD / "load"), str(self.port), str(connections), str(seconds), str(rate)]
        before = _processor_seconds(self.process.pid)
        done = subprocess.run(words, input=request, capture_output=True, check=True)
        spent = _processor_seconds(self.process.pid) - before
        told: dict[str, float] = json.loads(done.stdout)
        if told["failed"]:
            raise RuntimeError(f"{self.server.name}: {told['failed']} requests failed")
        return {**told, "cpu_us": spent / max(told["requests"], 1) * 1e6}

    def resident_megabytes(self) -> float:
        """Proportional set size of the process and its children."""
        total = 0
        for pid in _tree(self.process.pid):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
        return total / 1024


@contextmanager
def running(server: Server, workload: Workload) -> Iterator[Running]:
    """The server on a free port, with one thread a library, until the block ends."""
    port = _free_port()
    directory = BUILD / "run" / server.slug
    directory.mkdir(parents=True, exist_ok=True)
    server.prepare(directory, port, workload)
    command = server.command(server.python(), port, workload)
    environment = {
        "PATH": f"{Path(command[0]).parent}:/usr/bin:/bin",
        "HOME": str(directory),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
        **server.environment(port, workload),
    }
    with (directory / "log").open("wb") as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=directory, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _first_answer(server.request(workload.rows.head(1)), port, process, directory)
            yield Running(server, workload, port, process, time.perf_counter() - began)
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """The process and its children, by their own group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answer(running: Running, rows: int) -> list[float]:
    """What the server predicts for the first rows, whatever form it says it in."""
    body = _exchange(running.server.request(running.workload.rows.head(rows)), running.port)
    text = body.decode()
    if not text.lstrip().startswith(("{", "[")):
        return [float(line) for line in text.split()]
    return _numbers(json.loads(text))


def _numbers(document: Any) -> list[float]:
    if isinstance(document, dict):
        if "outputs" in document:
            return _numbers(document["outputs"][0]["data"])
        return _numbers(document["predictions"])
    return [float(value[0] if isinstance(value, list) else value) for value in document]


def _first_answer(request: bytes, port: int, process: subprocess.Popen[bytes], directory: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            _exchange(request, port)
        except (OSError, HTTPException, RuntimeError):
            time.sleep(0.002)
        else:
            return
    raise RuntimeError(f"it never answered; see {directory / 'log'}")


def _exchange(request: bytes, port: int) -> bytes:
    """The body of the answer; RuntimeError where it is not 200."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    peer = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        peer.request("POST", first.split()[1], body, headers)
        answer = peer.getresponse()
        said = answer.read()
    finally:
        peer.close()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status} {said[:300]!r}")
    return said


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def _processor_seconds(root: int) -> float:
    """Of a process, its children and all threads: by the scheduler's nanoseconds where it tells them."""
    return sum(map(_own_processor_seconds, _tree(root)))


def _own_processor_seconds(pid: int) -> float:
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
    except FileNotFoundError:
        pass
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS
