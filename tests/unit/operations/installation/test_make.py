"""The Makefile, with a Python that only says what it was asked for."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[4]
FAKE_PYTHON = """\
#!/bin/sh
echo "$@" >> asked.txt
env | grep -E '^(XDG_CACHE_HOME|npm_config_cache|CDK_HOME)=' >> environment.txt
mkdir -p .venv/bin
cp "$0" .venv/bin/python
touch .venv/.ready .venv/.ready-dev
"""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "Mein Häuschen"
    folder.mkdir()
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(PROJECT / name, folder)
    python = folder / "fake python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    return folder


def make(project, *arguments, **environment):
    given = {"PATH": "/usr/bin:/bin", "HOME": str(project), "LANG": "C", **environment}
    return subprocess.run(
        ["make", "PYTHON=./fake python", *arguments], cwd=project, env=given, capture_output=True, text=True
    )


def asked(project):
    return (project / "asked.txt").read_text().splitlines()


def test_a_rehearsal_installs_what_running_needs_once(project):
    for _ in range(2):
        done = make(project, "rehearse")
        assert done.returncode == 0, done.stderr
    assert [line.split()[:3] for line in asked(project)] == [
        ["-m", "operations.installation", "run"],
        ["-m", "operations.rehearsal"],
        ["-m", "operations.rehearsal"],
    ]


def test_testing_installs_what_testing_needs(project):
    assert make(project, "chaos").returncode == 0
    assert asked(project)[0].split()[:3] == ["-m", "operations.installation", "dev"]


def test_caches_go_to_build_where_the_home_cannot_be_made(project):
    make(project, "setup", HOME="/dev/null/nowhere")
    told = (project / "environment.txt").read_text()
    assert f"XDG_CACHE_HOME={project}/build/cache\n" in told
    assert f"npm_config_cache={project}/build/cache/npm\n" in told


def test_caches_stay_where_they_are_in_a_home_of_one_s_own(project):
    make(project, "setup")
    assert (project / "environment.txt").read_text() == ""


def test_a_missing_python_is_named(project):
    done = make(project, "setup", "PYTHON=python9")
    assert done.returncode != 0
    assert "there is no python9" in done.stderr


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_help_has_no_colours_off_a_terminal(project, variables):
    done = make(project, "help", **variables)
    assert "\x1b" not in done.stdout
    assert "  make rehearse" in done.stdout


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_help_on_a_terminal_is_coloured_unless_asked_not_to(project, variables, coloured):
    leader, follower = os.openpty()
    given = {"PATH": "/usr/bin:/bin", "HOME": str(project), **variables}
    subprocess.run(["make", "help"], cwd=project, env=given, stdout=follower, check=True)
    os.close(follower)
    assert (b"\x1b[36m" in os.read(leader, 20_000)) == coloured
    os.close(leader)


def test_every_target_says_what_it_does(project):
    text = (project / "Makefile").read_text()
    [phony] = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    helped = make(project, "help").stdout
    for target in phony.split():
        assert f"make {target}" in helped, target


def test_types_are_checked_in_every_folder_of_code():
    [sources] = re.findall(r"^SOURCES := (.*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    built = {"build", "cdk.out", "node_modules"}
    folders = {p.parent.name for p in PROJECT.glob("*/*.py") if not p.parent.name.startswith(".")} - built
    assert folders <= set(sources.split())
