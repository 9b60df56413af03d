"""The virtual environment: made aside and moved into place, so that the next set-up mends a cut-off one."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from operations.installation.machine import SetUpError

# Stands in an environment while packages are put into it: what holds it is not to be trusted.
INCOMPLETE = ".incomplete"
Run = Callable[[Sequence[str]], None]


def is_usable(venv: Path) -> bool:
    """Whether the environment's Python starts and has uv, and no installation in it was cut off."""
    if (venv / INCOMPLETE).exists() or not os.access(venv / "bin" / "uv", os.X_OK):
        return False
    try:
        started = subprocess.run([venv / "bin" / "python", "-c", ""], capture_output=True, check=False)
    except OSError:
        return False
    return started.returncode == 0


def make(venv: Path, uv_version: str, run: Run) -> None:
    """Make `venv` with uv in it; whatever was cut off earlier is thrown away.

    A link is somebody else's environment: it is used and never replaced.
    """
    if is_usable(venv) or venv.is_symlink():
        return
    aside = venv.with_name(f"{venv.name}.partial")
    for left in (aside, venv):
        if left.exists():
            shutil.rmtree(left)
    try:
        run([sys.executable, "-m", "venv", str(aside)])
    except subprocess.CalledProcessError as error:
        raise SetUpError(_without_venv(str(error.stderr or error.stdout or error))) from error
    pip = [str(aside / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run([*pip, "install", "--no-cache-dir", f"uv=={uv_version}"])
    _repoint(aside, venv)
    aside.rename(venv)


@contextmanager
def being_changed(venv: Path) -> Iterator[None]:
    """Mark the environment while packages are put into it; the mark stays when that is cut off."""
    mark = venv / INCOMPLETE
    if venv.is_symlink():
        yield
        return
    mark.touch()
    yield
    mark.unlink()


def add_command(venv: Path, root: Path) -> None:
    """Put `greenlight` beside the environment's programs; it starts the project's own code.

    A path longer than a script's first line may be, or one with a space, is no matter: the shell reads it
    (execve(2): 255 bytes, split at the first blank). A link is somebody else's environment.
    """
    if venv.is_symlink():
        return
    script = venv / "bin" / "greenlight"
    python = shlex.quote(str(venv.absolute() / "bin" / "python"))
    script.write_text(f"""#!/bin/sh
'''exec' {python} "$0" "$@"
' '''
import sys

sys.path.insert(0, {str(root.absolute())!r})
from operations.cli.app import main

main()
""")
    script.chmod(0o755)


def _repoint(made: Path, final: Path) -> None:
    """Write the final path into the scripts, which name their interpreter by its whole path."""
    old, new = os.fsencode(made.absolute()), os.fsencode(final.absolute())
    for script in [*(made / "bin").iterdir(), made / "pyvenv.cfg"]:
        if script.is_file() and not script.is_symlink():
            content = script.read_bytes()
            if old in content and b"\0" not in content:
                script.write_bytes(content.replace(old, new))


def _without_venv(said: str) -> str:
    if "ensurepip" in said:
        return (
            f"{sys.executable} cannot make virtual environments: install the package python3-venv "
            "(sudo apt install python3-venv), then run make again."
        )
    return f"{sys.executable} -m venv failed: {said.strip()}"


def run(command: Sequence[str]) -> None:
    """Run a command in silence; raises CalledProcessError with what it said."""
    subprocess.run(list(command), check=True, text=True, capture_output=True)
