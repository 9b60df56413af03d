"""The check of a user's AWS CLI, on programs that behave as the good and the bad ones do."""

import sys

import pytest

from localcloud.commands import check_cli
from localcloud.commands.running import CommandError

PROGRAM = """\
#!{python} -S
import os, socket, sys
service = sys.argv[1]
host, port = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://").split(":")
target = "{astray}" if service in {services} else "/"
verb = "GET" if target == "/" else "CONNECT"
with socket.create_connection((host, int(port))) as connection:
    connection.sendall(f"{{verb}} {{target}} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n".encode())
    connection.recv(100)
"""


def program(tmp_path, *services):
    path = tmp_path / "aws"
    text = PROGRAM.format(python=sys.executable, astray="queue.amazonaws.com:443", services=services)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_a_program_that_takes_the_variable_for_every_service_passes(tmp_path):
    told = check_cli.run(program(tmp_path))
    assert all(service in told for service in check_cli.CALLS)


def test_services_whose_calls_would_leave_the_machine_are_named_with_where(tmp_path):
    with pytest.raises(CommandError) as caught:
        check_cli.run(program(tmp_path, "sqs", "logs"))
    told = str(caught.value)
    assert "sqs                goes to queue.amazonaws.com:443" in told
    assert "logs" in told
    assert "stepfunctions" not in told
    assert "Use `python -m localcloud aws ...` instead, or AWS CLI 2.13 or newer." in told


def test_a_program_that_calls_nothing_does_not_pass():
    with pytest.raises(CommandError, match=r"s3 +calls nothing"):
        check_cli.run("true")


def test_a_missing_program_is_said():
    with pytest.raises(CommandError, match="there is no program no-such-aws"):
        check_cli.run("no-such-aws")
