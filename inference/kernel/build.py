"""Compiles the kernel.

`python inference/kernel/build.py DIRECTORY` does it when an image is built, a laptop at first use. The
result is named by the hash of its sources and flags, so a stale one is never loaded. No flag ties it to the
processor it was built on, and none lets the compiler change a bit of a result.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE_DIRECTORY = Path(__file__).resolve().parent
FLAGS = (
    *("-O3", "-std=gnu11", "-fPIC", "-shared", "-Wall", "-Wextra"),
    *("-ffp-contract=off", "-fno-math-errno", "-fno-strict-aliasing"),
)
_COMPILE_SECONDS = 120


class KernelBuildError(RuntimeError):
    """The compiler refused the kernel; the message is the compiler's."""


def library_name() -> str:
    """The file name of the kernel built from the present sources for this kind of machine."""
    digest = hashlib.sha256(" ".join((platform.machine(), platform.system(), *FLAGS)).encode())
    for path in sorted(SOURCE_DIRECTORY.glob("*.[ch]")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"greenlight-kernel-{digest.hexdigest()[:16]}.so"


def find() -> Path | None:
    """A kernel built earlier: beside the sources (in an image), or in the user's cache."""
    name = library_name()
    if (SOURCE_DIRECTORY / name).is_file():
        return SOURCE_DIRECTORY / name
    cached = cache_directory() / name
    return cached if cached.is_file() and _is_mine(cached.parent) else None


def find_or_build() -> Path | None:
    """The kernel, compiled into the user's cache if need be; None without a compiler."""
    if found := find():
        return found
    return build(_private(cache_directory())) if compiler() else None


def compiler() -> str | None:
    return shutil.which(os.environ.get("CC") or "cc") or shutil.which("gcc") or shutil.which("clang")


def build(directory: Path, more_flags: tuple[str, ...] = ()) -> Path:
    """Compile into a directory; concurrent builds each leave a whole file. Raises KernelBuildError."""
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / library_name()
    sources = [str(path) for path in sorted(SOURCE_DIRECTORY.glob("*.c"))]
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        made = Path(scratch) / target.name
        command = [compiler() or "cc", *FLAGS, *more_flags, "-o", str(made), *sources, "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_COMPILE_SECONDS, check=False)
        if done.returncode:
            raise KernelBuildError(f"{' '.join(command)}: {done.stderr.strip()[:2000]}")
        made.replace(target)
    return target


def cache_directory() -> Path:
    """Where a laptop keeps the kernel: its virtual environment, else the user's cache, else under /tmp."""
    places = [Path(sys.prefix) / "cache"] if sys.prefix != sys.base_prefix else []
    if home := os.environ.get("XDG_CACHE_HOME") or os.environ.get("HOME"):
        places.append(Path(home) / ("" if "XDG_CACHE_HOME" in os.environ else ".cache"))
    for place in places:
        if os.access(_nearest_existing(place), os.W_OK):
            return place / "greenlight"
    return Path(tempfile.gettempdir()) / f"greenlight-{os.getuid()}"


def _private(directory: Path) -> Path:
    """The directory, made for this user alone: what lies in it will be run."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_mine(directory):
        raise KernelBuildError(f"{directory} belongs to another user or is writable by others")
    return directory


def _is_mine(directory: Path) -> bool:
    status = directory.stat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def _nearest_existing(path: Path) -> Path:
    return path if path.exists() else _nearest_existing(path.parent)


if __name__ == "__main__":
    print(build(Path(sys.argv[1])) if len(sys.argv) > 1 else find_or_build())
