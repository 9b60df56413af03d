"""What the machine gives: a Python that is new enough, disk, and folders that can be written to."""

from __future__ import annotations

import ctypes
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

OLDEST_PYTHON = (3, 11)
OPENMP = "libgomp.so.1"
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


def lacking_openmp(load: Callable[[str], object] = ctypes.CDLL, platform: str = sys.platform) -> str:
    """What to say where LightGBM could not be loaded; empty elsewhere. Its wheel for Linux, unlike the
    others, brings no OpenMP: https://lightgbm.readthedocs.io/en/stable/Installation-Guide.html#linux."""
    if platform != "linux":
        return ""
    try:
        load(OPENMP)
    except OSError:
        return (
            f"Note: this machine has no {OPENMP}, without which LightGBM cannot be loaded; the estimators "
            "`lightgbm`, `auto` and `ensemble` need it. Debian and Ubuntu: apt-get install libgomp1"
        )
    return ""


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
