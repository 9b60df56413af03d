"""The virtual environment, with a venv module and a pip that are a few lines of shell."""

import subprocess
import sys
from pathlib import Path

import pytest

from operations.installation import environment
from operations.installation.machine import SetUpError

UV = "1.2.3"


class Commands:
    """Does what `python -m venv` and pip do, as far as it matters; may be cut off at any command."""

    def __init__(self, cut_off_at: int | None = None) -> None:
        self.cut_off_at = cut_off_at
        self.run: list[list[str]] = []

    def __call__(self, command):
        words = [str(word) for word in command]
        self.run.append(words)
        if "venv" in words:
            binaries = Path(words[-1]) / "bin"
            binaries.mkdir(parents=True)
            self._cut_off(1)
            (binaries / "python").symlink_to(sys.executable)
            (binaries / "pip").write_text(f"#!{binaries.absolute()}/python\n")
            (binaries.parent / "pyvenv.cfg").write_text(f"command = python -m venv {binaries.parent}\n")
        else:
            self._cut_off(2)
            uv = Path(words[0]).with_name("uv")
            uv.write_text("#!/bin/sh\n")
            uv.chmod(0o755)

    def _cut_off(self, point: int) -> None:
        if self.cut_off_at == point:
            raise KeyboardInterrupt


@pytest.fixture
def venv(tmp_path):
    folder = tmp_path / "Mein Häuschen"
    folder.mkdir()
    return folder / ".venv"


def test_an_environment_is_made_aside_and_knows_its_final_path(venv):
    environment.make(venv, UV, Commands())
    assert environment.is_usable(venv)
    assert (venv / "bin/pip").read_text() == f"#!{venv}/bin/python\n"
    assert ".partial" not in (venv / "pyvenv.cfg").read_text()
    assert [path.name for path in venv.parent.iterdir()] == [".venv"]


@pytest.mark.parametrize("point", [1, 2])
def test_what_was_cut_off_is_mended_by_the_next(venv, point):
    with pytest.raises(KeyboardInterrupt):
        environment.make(venv, UV, Commands(cut_off_at=point))
    assert not venv.exists()
    environment.make(venv, UV, Commands())
    assert environment.is_usable(venv)
    assert not venv.with_name(".venv.partial").exists()


def test_an_environment_without_uv_or_with_a_dead_python_is_made_anew(venv):
    (venv / "bin").mkdir(parents=True)
    (venv / "left-over").touch()
    environment.make(venv, UV, Commands())
    assert environment.is_usable(venv)
    assert not (venv / "left-over").exists()
    (venv / "bin/python").unlink()
    (venv / "bin/python").symlink_to(venv / "gone")
    assert not environment.is_usable(venv)


def test_an_installation_that_was_cut_off_is_not_trusted(venv):
    environment.make(venv, UV, Commands())
    with pytest.raises(KeyboardInterrupt), environment.being_changed(venv):
        raise KeyboardInterrupt
    assert not environment.is_usable(venv)
    environment.make(venv, UV, Commands())
    with environment.being_changed(venv):
        pass
    assert environment.is_usable(venv)


def test_a_usable_environment_is_left_alone(venv):
    environment.make(venv, UV, Commands())
    second = Commands()
    environment.make(venv, UV, second)
    assert second.run == []


def test_a_link_to_another_s_environment_is_never_replaced(venv, tmp_path):
    other = tmp_path / "other"
    (other / "bin").mkdir(parents=True)
    venv.symlink_to(other)
    environment.make(venv, UV, Commands())
    with environment.being_changed(venv):
        assert not (other / environment.INCOMPLETE).exists()
    assert venv.is_symlink()


def test_a_python_without_ensurepip_is_told_which_package_it_lacks(venv):
    def run(command):
        said = "The virtual environment was not created because ensurepip is not available."
        raise subprocess.CalledProcessError(1, command, stderr=said)

    with pytest.raises(SetUpError, match="install the package python3-venv"):
        environment.make(venv, UV, run)


def test_the_command_starts_the_project_s_own_code(venv):
    environment.make(venv, UV, Commands())
    root = venv.parent
    environment.add_command(venv, root)
    (root / "operations" / "cli").mkdir(parents=True)
    (root / "operations" / "cli" / "app.py").write_text("import sys\ndef main():\n    print(sys.argv[1:])\n")
    ended = subprocess.run(
        [venv / "bin/greenlight", "status", "two words"], capture_output=True, text=True, check=True, cwd="/"
    )
    assert ended.stdout == "['status', 'two words']\n"


def test_somebody_else_s_environment_gets_no_command(venv, tmp_path):
    theirs = tmp_path / "theirs"
    (theirs / "bin").mkdir(parents=True)
    venv.symlink_to(theirs)
    environment.add_command(venv, venv.parent)
    assert not (theirs / "bin/greenlight").exists()
