"""An isolated program answers whoever asks and reaches nobody."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.containers import container, isolation
from localcloud.containers.container import ContainerSpec, start
from localcloud.tests.containers.test_container import build

CALLS = """
import json, socket, sys
HOST, PORT = "127.0.0.1", int(sys.argv[1])
server = socket.create_server((HOST, 0))
ways = {
    "tcp": lambda: socket.create_connection((HOST, PORT), 5),
    "tcp with fast open": lambda: socket.socket().sendto(b"x", 0x20000000, (HOST, PORT)),
    "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (HOST, PORT)),
    "tcp6": lambda: socket.socket(socket.AF_INET6).connect(("::1", PORT)),
    "raw": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "a name": lambda: socket.getaddrinfo("localhost.localdomain.invalid", 80),
}
got_out = []
for name, way in ways.items():
    try:
        way()
        got_out.append(name)
    except OSError:
        pass
print(json.dumps([server.getsockname()[1], got_out]), flush=True)
connection, _ = server.accept()
connection.sendall(b"answer to " + connection.recv(100))
connection.close()
"""
COMMAND = [sys.executable, "-I", "-S", isolation.__file__, "--", sys.executable, "-c", CALLS]

needs_seccomp = pytest.mark.skipif(
    not container.isolation_possible(), reason="this kernel takes no seccomp filter"
)


@pytest.fixture
def outside():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@needs_seccomp
def test_an_isolated_program_answers_and_gets_nowhere(outside):
    port = str(outside.getsockname()[1])
    with subprocess.Popen([*COMMAND, port], stdout=subprocess.PIPE) as running:
        assert running.stdout
        own_port, got_out = json.loads(running.stdout.readline())
        with socket.create_connection(("127.0.0.1", own_port), 10) as asking:
            asking.sendall(b"ping")
            assert asking.recv(100) == b"answer to ping"
    assert got_out == []


@needs_seccomp
def test_what_it_starts_is_isolated_too(outside):
    inner = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))"
    call = f"subprocess.call([sys.executable, '-c', {inner!r}, sys.argv[1]])"
    outer = f"import subprocess, sys; sys.exit({call})"
    command = [*COMMAND[:-1], outer, str(outside.getsockname()[1])]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Network is unreachable" in ended.stderr


@needs_seccomp
@pytest.mark.parametrize("isolated", [True, False])
def test_a_container_reaches_the_network_unless_it_is_isolated(tmp_path: Path, outside, isolated):
    program = f"import socket; socket.create_connection(('127.0.0.1', {outside.getsockname()[1]}), 10)"
    image = build(tmp_path, program)
    running = start(
        ContainerSpec(image, "test", isolated=isolated), lambda line: None, work_dir=tmp_path / "work"
    )
    assert running.wait(30) == (1 if isolated else 0)


def test_a_machine_without_a_filter_is_told_apart(monkeypatch, capsys):
    monkeypatch.setattr("platform.machine", lambda: "mips")
    with pytest.raises(SystemExit) as ended:
        isolation.main(["true"])
    assert ended.value.code == isolation.CANNOT
    assert "mips" in capsys.readouterr().err


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_filter_is_whole_instructions(machine):
    assert len(isolation.program(machine)) % 8 == 0
