"""What a cloud leaves on disk."""

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from localcloud.host import server
from localcloud.host.options import Options
from localcloud.host.server import Server, StateInUseError, remove, state_directory, tidy


def test_a_state_that_was_asked_for_stays(tmp_path: Path):
    with state_directory(tmp_path / "kept") as directory:
        (directory / "file").touch()
    assert (tmp_path / "kept" / "file").exists()


def test_a_state_holds_one_cloud_at_a_time(tmp_path: Path):
    with (
        state_directory(tmp_path),
        pytest.raises(StateInUseError, match=r"in use by another cloud: stop that one, or give --state"),
        state_directory(tmp_path),
    ):
        pass
    with state_directory(tmp_path):
        pass


def test_a_passing_state_is_gone_at_the_end(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with state_directory(None) as directory:
        assert directory.is_dir()
        assert directory.is_absolute()
    assert not directory.exists()


def test_what_a_killed_cloud_left_is_removed_and_a_living_ones_is_not(tmp_path: Path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    for pid in (ended.pid, os.getpid()):
        (tmp_path / f"run-{pid}-abc").mkdir()
    tidy(tmp_path)
    assert [left.name for left in tmp_path.iterdir()] == [f"run-{os.getpid()}-abc"]


def test_only_the_newest_logs_are_kept(tmp_path: Path):
    for port in range(30):
        log = tmp_path / f"cloud-{port}.log"
        log.touch()
        os.utime(log, (port, port))
    tidy(tmp_path)
    assert {log.name for log in tmp_path.iterdir()} == {f"cloud-{port}.log" for port in range(10, 30)}


def test_a_busy_machine_has_longer_to_end_everything(monkeypatch):
    limits: list[float] = []

    def timer(seconds: float, *_: object) -> threading.Timer:
        limits.append(seconds)
        return threading.Timer(0, lambda: None)

    stopping = cast(Any, server.Server.__new__(server.Server))
    stopping._stopping, stopping._snapshots = threading.Event(), SimpleNamespace(freeze=lambda: None)
    stopping.exit_code = 0
    monkeypatch.setattr(server, "threading", SimpleNamespace(Timer=timer))
    monkeypatch.setattr("localcloud.processes.load.factor", lambda: 10.0)
    stopping._stop()
    assert limits == [10 * server._STOP_SECONDS]


@pytest.mark.parametrize(("asked_for", "stays"), [(True, True), (False, False)])
def test_a_stop_that_is_cut_short_removes_a_passing_state_only(tmp_path: Path, monkeypatch, asked_for, stays):
    state = tmp_path / "state"
    state.mkdir()
    server = Server.__new__(Server)
    server._options = Options(state=state if asked_for else None)
    server._state_dir, server.exit_code = state, 0
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    server._abandon()
    assert ended == [0]
    assert state.exists() == stays


def test_a_folder_is_removed_with_what_a_thread_still_writes_below_it(tmp_path, monkeypatch):
    folder, writes = tmp_path / "run", iter(range(3))
    really = shutil.rmtree

    def remove_while_it_writes(path, **how):
        really(path, **how)
        if next(writes, None) is not None:
            (folder / "functions").mkdir(parents=True)

    monkeypatch.setattr(shutil, "rmtree", remove_while_it_writes)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    folder.mkdir()
    remove(folder)
    assert not folder.exists()
    assert next(writes, None) is None
