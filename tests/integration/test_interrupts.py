"""Ctrl-C at any moment of `localcloud up` and of the rehearsal: one line, and nothing is left."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

PROJECT = Path(__file__).resolve().parents[2]
NOT_LINKED = ("build", "cdk.out", ".git", ".hypothesis")


@pytest.fixture
def project(tmp_path):
    """This project's files in a folder of its own, so that what is left behind can be told apart."""
    folder = tmp_path / "project"
    folder.mkdir()
    for entry in PROJECT.iterdir():
        if entry.name not in NOT_LINKED:
            (folder / entry.name).symlink_to(entry)
    return folder


def interrupt(project, arguments, moment):
    """Start a program as a terminal does, press Ctrl-C when it says `moment`; status and all it said."""
    environment = {name: value for name, value in os.environ.items() if name != "DATA"}
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=project,
        env={**environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    ) as program:
        assert program.stdout
        said = []
        for line in program.stdout if moment else ():
            said.append(line)
            if moment in line:
                break
        else:
            assert not moment, "".join(said)
        os.killpg(program.pid, signal.SIGINT)
        said.append(program.stdout.read())
        return program.wait(60), "".join(said)


def processes_of(project):
    commands = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return [command for command in commands if any(str(project) in word for word in command)]


def assert_nothing_is_left(project):
    assert processes_of(project) == []
    assert list(project.glob("build/localcloud/run-*")) == []


@pytest.mark.parametrize("moment", ["", "# outputs of stack", "# ready"])
def test_up_ends_clean(project, moment):
    status, said = interrupt(project, ["localcloud", "up", "--port", "0"], moment)
    assert "Traceback" not in said, said
    assert "error" not in said.lower()
    assert status in (0, 130) if moment else status in (-signal.SIGINT, 130)
    assert_nothing_is_left(project)
    if moment:
        assert said.splitlines()[-1] == "localcloud: stopped"


def test_up_ends_clean_while_it_synthesises(project):
    """Nothing is said before the app is synthesised; the folder of the run says that it has begun."""
    program = subprocess.Popen(
        [sys.executable, "-m", "localcloud", "up", "--port", "0"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    while not list(project.glob("build/localcloud/cloud-*.log")):
        assert program.poll() is None, program.communicate()
    os.killpg(program.pid, signal.SIGINT)
    out, said = program.communicate(timeout=300)
    assert out == ""
    assert said.splitlines() in (["localcloud: stopped"], ["localcloud: interrupted"])
    assert_nothing_is_left(project)


@pytest.mark.e2e
@pytest.mark.parametrize("moment", ["synthesising the app", "stage dev deployed", "IngestData"])
def test_a_rehearsal_ends_clean(project, moment):
    status, said = interrupt(project, ["operations.rehearsal"], moment)
    assert status == 130
    assert "Traceback" not in said, said
    last = [line for line in said.splitlines() if line.strip()][-1]
    assert last == "Interrupted; the embedded cloud and all its processes are stopped."
    assert_nothing_is_left(project)


LAUNCHER = """
import os, signal
from localcloud.host.launch import launch
with launch(deploy=False) as cloud:
    print(cloud.process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_cloud_ends_with_the_program_that_launched_it_however_that_ends(project):
    done = subprocess.run(
        [sys.executable, "-c", LAUNCHER], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    psutil.wait_procs(
        [psutil.Process(pid) for pid in map(int, done.stdout.split()) if psutil.pid_exists(pid)], 30
    )
    assert_nothing_is_left(project)
