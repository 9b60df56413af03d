"""What the machine gives: a Python that is new enough, disk, and folders that can be written to."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

OLDEST_PYTHON = (3, 11)
_MEGABYTE = 1_000_000


class SetUpError(Exception):
    """The set-up cannot go on; the message says what to do."""


def require_python(version: tuple[int, ...] = sys.version_info[:3]) -> None:
    """Raise SetUpError where the interpreter is older than the code."""
    if version[:2] < OLDEST_PYTHON:
        found = ".".join(map(str, version))
        raise SetUpError(
            f"Greenlight needs Python 3.11 or newer, and {sys.executable} is {found}. "
            "Name another one: make PYTHON=python3.12 ..."
        )


def require_disk(folder: Path, needed_mb: int, purpose: str, free_bytes: int | None = None) -> None:
    """Raise SetUpError where the folder's file system has less than `needed_mb` free."""
    free = shutil.disk_usage(folder).free if free_bytes is None else free_bytes
    if free < needed_mb * _MEGABYTE:
        raise SetUpError(
            f"{purpose} needs {_gigabytes(needed_mb * _MEGABYTE)} of disk, and {folder} has "
            f"{_gigabytes(free)} free. Free some, or move the project to a larger disk."
        )


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
