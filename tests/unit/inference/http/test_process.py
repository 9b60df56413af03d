"""The container's own process: its environment, its workers, its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from inference.__main__ import main
from inference.http.settings import ServerSettings
from inference.http.supervisor import hangs
from inference.model import artefact
from tests.unit.inference.models import artefact_of, tree_model
from tests.unit.inference.serving import hangs_up, read_reply, wait_until

ROOT = Path(__file__).resolve().parents[4]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def container(base: Path, port: int, workers: int, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m inference serve` as SageMaker runs it; it has bound its port when this yields."""
    environment = {
        **os.environ,
        "SAGEMAKER_BASE_DIR": str(base),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SAGEMAKER_MODEL_SERVER_WORKERS": str(workers),
        "BIND_HOST": "127.0.0.1",
        **settings,
    }
    command = [sys.executable, "-m", "inference", "serve"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for _ in range(workers):
                while json.loads(process.stdout.readline())["event"] != "serving":
                    pass
            yield process
        finally:
            process.terminate()


def status_of(port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


@pytest.mark.parametrize("workers", [1, 2])
def test_the_container_serves_and_ends_when_told(tmp_path: Path, workers: int) -> None:
    artefact.write(tmp_path / "model", artefact_of(tree_model()))
    port = free_port()
    with container(tmp_path, port, workers) as process:
        assert status_of(port) == 200
        process.terminate()
        assert process.wait(120) == 0


def test_a_request_under_way_is_answered_when_the_container_is_told_to_end(tmp_path: Path) -> None:
    """SageMaker ends a container with SIGTERM, and kills it later (Developer Guide, "Custom Inference Code
    with Hosting Services")."""
    artefact.write(tmp_path / "model", artefact_of(tree_model()))
    port, body = free_port(), b"1.5,2,INLAND\n"
    head = b"POST /invocations HTTP/1.1\r\nhost: h\r\ncontent-type: text/csv\r\n"
    with (
        container(tmp_path, port, 1) as process,
        socket.create_connection(("127.0.0.1", port), timeout=60) as peer,
    ):
        peer.sendall(head + b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(body))
        assert peer.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        process.terminate()
        assert read_until(process, "draining")["connections"] == 1
        peer.sendall(body)
        reply, _ = read_reply(peer)
        assert (reply.status, reply.headers["connection"]) == (200, "close")
        assert process.wait(120) == 0


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("this kernel does not tell of children")
    return [int(word) for word in children.read_text().split()]


def read_until(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    assert process.stdout is not None
    while (line := json.loads(process.stdout.readline()))["event"] != event:
        pass
    return dict(line)


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    artefact.write(tmp_path / "model", artefact_of(tree_model()))
    with container(tmp_path, free_port(), 2) as process:
        first = workers_of(process)[0]
        os.kill(first, signal.SIGKILL)
        assert read_until(process, "worker_died")["process"] == first
        assert read_until(process, "serving")["process"] != first
        assert len(set(workers_of(process)) - {first}) == 2


def test_a_worker_that_hangs_is_replaced(tmp_path: Path) -> None:
    artefact.write(tmp_path / "model", artefact_of(tree_model()))
    with container(tmp_path, free_port(), 1, WORKER_HANG_SECONDS="2.5") as process:
        (hanging,) = workers_of(process)
        os.kill(hanging, signal.SIGSTOP)
        assert read_until(process, "worker_hangs")["process"] == hanging
        assert read_until(process, "serving")["process"] != hanging


def test_a_server_told_to_stop_while_a_worker_waits_to_start_again_stops(tmp_path: Path) -> None:
    artefact.write(tmp_path / "model", artefact_of(tree_model()))
    with container(tmp_path, free_port(), 1) as process:
        os.kill(workers_of(process)[0], signal.SIGKILL)
        read_until(process, "worker_died")
        process.terminate()
        assert process.wait(120) == 0


def test_a_worker_does_not_outlive_its_supervisor(tmp_path: Path) -> None:
    artefact.write(tmp_path / "model", artefact_of(tree_model()))
    port = free_port()
    with container(tmp_path, port, 1) as process:
        (worker,) = workers_of(process)
        process.kill()
        process.wait(120)
        wait_until(lambda: not _is_running(worker))


def _is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize(
    ("last_beat", "now", "hanging"),
    [(0.0, 700.0, False), (0.0, 701.0, True), (500.0, 620.0, False), (500.0, 621.0, True)],
)
def test_silence_counts_from_the_last_beat_or_the_start(last_beat: float, now: float, hanging: bool) -> None:
    settings = ServerSettings(start_seconds=600.0, hang_seconds=120.0)

    assert hangs(100.0, last_beat, now, settings) is hanging


def test_a_request_under_way_is_answered_before_the_process_ends(tmp_path: Path) -> None:
    artefact.write(tmp_path / "model", artefact_of(tree_model()))
    port = free_port()
    with container(tmp_path, port, 1) as process, socket.create_connection(("127.0.0.1", port), 10) as peer:
        assert process.stdout is not None
        peer.sendall(
            b"POST /invocations HTTP/1.1\r\nhost: test\r\ncontent-type: text/csv\r\ncontent-length: 9\r\n\r\n"
        )
        assert status_of(port) == 200
        process.terminate()
        while json.loads(process.stdout.readline())["event"] != "draining":
            pass
        peer.sendall(b"1,2,NONE\n")
        assert read_reply(peer)[0].status == 200
        assert hangs_up(peer)
        assert process.wait(120) == 0


def test_a_broken_model_is_served_as_unhealthy(tmp_path: Path) -> None:
    port = free_port()
    with container(tmp_path, port, 1):
        assert status_of(port) == 500


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environment = {
            **os.environ,
            "SAGEMAKER_BASE_DIR": str(tmp_path),
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
            "BIND_HOST": "127.0.0.1",
        }
        command = [sys.executable, "-m", "inference", "serve"]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr


def test_the_environment_is_sagemakers() -> None:
    settings = ServerSettings.from_environment(
        {
            "SAGEMAKER_BASE_DIR": "/ml",
            "SAGEMAKER_BIND_TO_PORT": "9000",
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": "7",
            "SAGEMAKER_MODEL_SERVER_WORKERS": "3",
            "MODEL_NAME": "houses",
        }
    )

    assert (settings.model_directory, settings.port, settings.workers) == (Path("/ml/model"), 9000, 3)
    assert (settings.max_body_bytes, settings.model_name) == (7 << 20, "houses")
    assert ServerSettings.from_environment({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "0"}).max_body_bytes == 100 << 20


def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SAGEMAKER_BIND_TO_PORT", "http")

    assert main(["serve"]) == 2
    assert (
        "environment variable SAGEMAKER_BIND_TO_PORT: 'http' is not a whole number" in capsys.readouterr().err
    )
    monkeypatch.setenv("SAGEMAKER_BIND_TO_PORT", "8080")
    monkeypatch.setenv("WORKER_HANG_SECONDS", "0")
    assert main(["serve"]) == 2
    assert "WORKER_HANG_SECONDS: '0' is not a number of seconds above 0" in capsys.readouterr().err
    assert main(["train"]) == 2
