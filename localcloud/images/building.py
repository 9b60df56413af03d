"""What a Dockerfile's RUN leaves behind that a copy of the build context can't show.

Packages that pip would install are told by name: the host's environment stands in for them. A stage that
others copy from may make files with Python (compile a library, write a table): those commands are run, with
the stage's absolute paths below its directory, once for each content. Everything else is left undone.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from localcloud.containers import closure
from localcloud.images.dockerfile import Stage

_log = logging.getLogger("localcloud.images.store")
_COMPILERS = re.compile(
    r"\b(?:apt-get|apt|apk|yum|dnf)\b.*\b(?:gcc|g\+\+|clang|build-essential|build-base)\b"
)
_PYTHON = re.compile(r"(?:.*/)?python(?:\d(?:\.\d+)?)?")
_FULL_IMAGE = re.compile(r"(?<!lambda/)\bpython(?::(?!.*(?:slim|alpine))[^/]*)?$")
_NOT_RUN = ("compileall", "pip", "ensurepip", "venv")
_RUN_SECONDS = 600


def packages(stage: Stage, root: Path, inherited: tuple[str, ...] | None = ()) -> tuple[str, ...] | None:
    """Names of what a stage's image has of distributions: its base's, its own, those copied from others."""
    names = closure.base_names(stage.base)
    if names is None or inherited is None:
        return None
    found = {*names, *inherited}
    places = [root, root / stage.workdir.lstrip("/")]
    for run in stage.runs:
        asked = closure.asked_for(run, places)
        if asked is None:
            return None
        found |= asked
    return tuple(sorted(found))


def has_compiler(stage: Stage) -> bool:
    """Whether the image has one: installed, or that of Python's full images."""
    is_full = _FULL_IMAGE.search(stage.base.partition("@")[0]) is not None
    return is_full or any(_COMPILERS.search(run) for run in stage.runs)


def run_python(stage: Stage, root: Path) -> None:
    """Run the Python commands of a stage below `root`; what one cannot make stays absent, and is logged."""
    for run in stage.runs:
        for words in _python_commands(run):
            kept = _kept(words, root)
            if kept is not None and kept.is_dir():
                shutil.copytree(kept, root, dirs_exist_ok=True)
            elif made := _run(stage, words, root):
                _keep(made, root, kept)


def _python_commands(run: str) -> Iterator[list[str]]:
    for command in re.split(r"&&|\|\||;", run):
        try:
            words = shlex.split(command)
        except ValueError:
            continue
        if words and _PYTHON.fullmatch(words[0]) and not (words[1:2] == ["-m"] and words[2] in _NOT_RUN):
            yield words[1:]


def _run(stage: Stage, words: list[str], root: Path) -> list[Path]:
    """Run one command; the files that it made."""
    before = _files(root)
    command = [
        sys.executable,
        *(str(root / word.lstrip("/")) if word.startswith("/") else word for word in words),
    ]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(root),
        "LANG": "C.UTF-8",
        **stage.env,
    }
    directory = root / stage.workdir.lstrip("/")
    directory.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, check=True, timeout=_RUN_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as problem:
        said = (getattr(problem, "stderr", None) or b"").decode("utf-8", "replace").strip()
        _log.warning("RUN python %s made nothing here: %s %s", shlex.join(words), problem, said[-500:])
        return []
    return sorted(_files(root) - before)


def _kept(words: list[str], root: Path) -> Path | None:
    """Where what this command makes of these files is kept, beside this Python; None where it can't be."""
    place = Path(sys.prefix) / "cache" / "images"
    if not os.access(next(path for path in place.parents if path.exists()), os.W_OK):
        return None
    digest = hashlib.sha256(repr((words, sys.version, platform.machine())).encode())
    for path in sorted(_files(root)):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return place / digest.hexdigest()[:32]


def _keep(made: list[Path], root: Path, kept: Path | None) -> None:
    if kept is None:
        return
    draft = kept.with_name(f"{kept.name}.{os.getpid()}.draft")
    for path in made:
        target = draft / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    try:
        draft.rename(kept)
    except OSError:  # another cloud was faster
        shutil.rmtree(draft, ignore_errors=True)


def _files(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
