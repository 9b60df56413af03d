import signal
import sys
import threading

import pytest

from localcloud.containers import container
from localcloud.containers.container import ContainerSpec, start
from localcloud.images.store import Image, ImageStore
from localcloud.processes.watchdog import members

PROGRAM = """
import json, os, pathlib, sys
base = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
(base / "written").write_text("yes")
print(json.dumps({"args": sys.argv[1:], "cwd": os.getcwd(), "env": sorted(os.environ), "prefix": sys.prefix}))
print("to stderr", file=sys.stderr)
sys.exit(3)
"""


@pytest.fixture(params=["namespaces", "plain"])
def isolation(request, monkeypatch):
    monkeypatch.setenv("LOCALCLOUD_NAMESPACES", "off" if request.param == "plain" else "on")
    container.namespaces_allowed.cache_clear()
    if request.param == "namespaces" and not container.namespaces_allowed():
        pytest.skip("this kernel forbids user namespaces")
    yield request.param
    container.namespaces_allowed.cache_clear()


def build(tmp_path, program, extra="") -> Image:
    context = tmp_path / "context"
    context.mkdir()
    (context / "app.py").write_text(program)
    (context / "Dockerfile").write_text(
        f"FROM python:3.12\nENV FROM_IMAGE=1\nWORKDIR /opt/program\nCOPY app.py ./\n{extra}"
        'ENTRYPOINT ["python", "-u", "app.py"]\nCMD ["default"]\n'
    )
    return ImageStore(tmp_path / "state").register("r", "t", context=context)


def run(tmp_path, image, **spec):
    ml = tmp_path / "ml"
    ml.mkdir(exist_ok=True)
    lines: list[str] = []
    running = start(
        ContainerSpec(image, "test", ml_directory=ml, **spec), lines.append, work_dir=tmp_path / "work"
    )
    return running, lines


def test_a_container_sees_its_own_files_and_nothing_of_the_hosts_environment(
    tmp_path, isolation, monkeypatch
):
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")
    running, lines = run(tmp_path, build(tmp_path, PROGRAM), arguments=["train"], env={"GIVEN": "1"})
    assert running.wait(30) == 3
    assert '"args": ["train"]' in lines[0]
    assert "GIVEN" in lines[0]
    assert "FROM_IMAGE" in lines[0]
    assert "SECRET_OF_THE_HOST" not in lines[0]
    assert sys.prefix not in lines[0]
    assert lines[1] == "to stderr"
    assert (tmp_path / "ml" / "written").read_text() == "yes"


def test_the_images_command_stands_when_no_arguments_are_given(tmp_path, isolation):
    running, lines = run(tmp_path, build(tmp_path, PROGRAM))
    running.wait(30)
    assert '"args": ["default"]' in lines[0]


def test_a_container_that_ignores_sigterm_is_killed_after_its_grace(tmp_path, isolation):
    program = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up')\ntime.sleep(600)"
    )
    image = build(tmp_path, program)
    up = threading.Event()
    spec = ContainerSpec(image, "test")
    running = start(spec, lambda line: up.set(), work_dir=tmp_path / "work")
    assert up.wait(30)
    running.terminate(0.1)
    assert running.exit_code == 128 + signal.SIGKILL


def test_what_a_container_started_does_not_outlive_it(tmp_path, isolation):
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid)"
    )
    running, lines = run(tmp_path, build(tmp_path, program))
    running.wait(30)
    assert lines
    assert any(members({running.pid}) == [] for _ in range(500))


def test_a_container_over_its_memory_is_killed_and_says_why(tmp_path):
    program = "import time\nkept = bytearray(200_000_000)\ntime.sleep(600)"
    running, _ = run(tmp_path, build(tmp_path, program), memory_bytes=100_000_000)
    running.wait(30)
    assert running.out_of_memory
    assert running.exit_code == 128 + signal.SIGKILL


def test_a_callback_comes_after_the_last_line(tmp_path):
    running, lines = run(tmp_path, build(tmp_path, "print('a')\nprint('b', end='')"))
    seen: list[list[str]] = []
    ended = threading.Event()

    def note() -> None:
        seen.append(list(lines))
        ended.set()

    running.when_done(note)
    assert ended.wait(30)
    assert seen == [["a", "b"]]


def test_paths_of_the_image_in_variables_and_arguments_are_found(tmp_path, isolation):
    program = (
        "import os, sys\n"
        "print('app.py' in os.listdir(os.environ['PLACE']), os.path.exists(sys.argv[1]), os.environ['ELSE'])"
    )
    image = build(tmp_path, program)
    running, lines = run(
        tmp_path, image, arguments=["/opt/program/app.py"], env={"PLACE": "/opt/program", "ELSE": "/no/path"}
    )
    assert running.wait(30) == 0
    assert lines == ["True True /no/path"]
