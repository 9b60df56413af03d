"""The file that tells a program how to reach the cloud."""

import json
import stat

from localcloud.host.ready_file import Ready, kept_while_running

READY = Ready(
    endpoint_url="http://127.0.0.1:4566",
    environment={"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"},
    stacks={"one": {"Queue": "q"}, "two": {"Table": "t = x"}},
    speed=30.0,
    pid=7,
    log="/tmp/cloud.log",
)


def test_what_is_written_is_read_back_and_only_its_owner_may(tmp_path):
    path = tmp_path / "ready.json"
    path.write_text("of an earlier cloud")
    path.chmod(0o644)
    READY.write(path)
    assert Ready.read(path) == READY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_outputs_of_all_stacks_stand_together(tmp_path):
    READY.write(tmp_path / "ready.json")
    assert json.loads((tmp_path / "ready.json").read_text())["outputs"] == {"Queue": "q", "Table": "t = x"}


def test_the_file_is_neither_there_before_the_cloud_is_ready_nor_after_its_end(tmp_path):
    path = tmp_path / "ready.json"
    path.write_text("of an earlier cloud")
    with kept_while_running(path):
        assert not path.exists()
        READY.write(path)
    assert not path.exists()


def test_without_a_file_nothing_is_written():
    with kept_while_running(None):
        pass
