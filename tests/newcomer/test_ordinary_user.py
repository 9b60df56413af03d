"""The README's first command, as somebody does it who has just cloned: an ordinary user of this machine, the
distribution's own Python, an empty environment, a folder with a space and an umlaut in its name."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from operations.installation.__main__ import PROFILES

pytestmark = pytest.mark.newcomer
PROJECT = Path(__file__).resolve().parents[2]
REAL_DATA = PROJECT.parent / "shared/data/housing.csv"
PYTHON = "/usr/bin/python3"
LIMIT_SECONDS = 1_500


def _lacking() -> str:
    """Why this machine cannot try it; empty if it can."""
    if os.geteuid() != 0:
        return "only root can make a user to rehearse as"
    missing = [name for name in ("useradd", "userdel", "setpriv", "make") if not shutil.which(name)]
    if missing:
        return f"there is no {', '.join(missing)}"
    if not Path(PYTHON).exists():
        return f"there is no {PYTHON}"
    probe = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
    if subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False).returncode:
        return f"{PYTHON} is older than 3.11, or has no venv (python3-venv)"
    return ""


@pytest.fixture
def user() -> Iterator[pwd.struct_passwd]:
    """An ordinary user, who is removed with all that is theirs."""
    if reason := _lacking():
        pytest.skip(reason)
    name = f"newcomer-{os.getpid()}"
    subprocess.run(["useradd", "--create-home", "--shell", "/bin/sh", name], check=True)
    try:
        yield pwd.getpwnam(name)
    finally:
        for process in processes_of(pwd.getpwnam(name).pw_uid):
            process.kill()
        subprocess.run(["userdel", "--remove", name], check=True, capture_output=True)


def processes_of(uid: int) -> list[psutil.Process]:
    """Those that run; one that is over and was not asked for its status holds nothing."""
    return [
        process
        for process in psutil.process_iter(["uids", "status"])
        if process.info["uids"].real == uid and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def clone(user: pwd.struct_passwd) -> Path:
    """The project's files as git has them, owned by the user."""
    folder = Path(user.pw_dir) / "Mein Häuschen"
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={PROJECT}", "ls-files", "-z"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
    )
    for name in filter(None, os.fsdecode(listed.stdout).split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, folder / name)
    if REAL_DATA.exists():
        shutil.copy(REAL_DATA, folder / "my data.csv")
    subprocess.run(["chown", "--recursive", f"{user.pw_uid}:{user.pw_gid}", str(folder)], check=True)
    return folder


def make(user: pwd.struct_passwd, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    empty = ["env", "-i", "PATH=/usr/bin:/bin", f"HOME={user.pw_dir}"]
    return subprocess.run(
        ["setpriv", *ids, *empty, "sh", "-c", 'umask 077; exec make "$@"', "make", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


@pytest.mark.timeout(2 * LIMIT_SECONDS)
def test_an_ordinary_user_rehearses_with_the_distribution_s_python_in_an_empty_environment(user):
    folder = clone(user)
    data = ["DATA=my data.csv"] if REAL_DATA.exists() else []
    done = make(user, folder, "rehearse", *data)
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "All of it happened" in done.stdout
    assert done.stderr == ""
    assert processes_of(user.pw_uid) == []
    assert list(folder.glob("build/localcloud/run-*")) == []
    used_mb = sum(entry.lstat().st_size for entry in (folder / ".venv").rglob("*")) / 1e6
    assert used_mb < PROFILES["run"].disk_mb, "the README's figure is too small"
    again = make(user, folder, "setup")
    assert again.returncode == 0
    assert "Setting up" not in again.stdout
