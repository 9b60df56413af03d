"""Unpacks a model archive that nobody vouches for."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path, PurePosixPath

# A gzip bomb grows a thousandfold; a Lambda's /tmp and memory do not.
MAX_BYTES = 1 << 30
MAX_FILES = 100


class ArchiveError(Exception):
    """The archive is damaged, too large, or holds what a model has no use for."""


def unpack(archive: Path, directory: Path, max_bytes: int = MAX_BYTES) -> None:
    """Write an archive's regular files below a directory; raises ArchiveError for whatever else it holds.

    The members are read and never extracted, so that no link, device, mode or owner of theirs counts, on
    any Python: `tarfile`'s extraction filters came with 3.11.4 only.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            names: set[str] = set()
            size = 0
            for member in tar:
                size += member.size
                names.add(member.name)
                if size > max_bytes or len(names) > MAX_FILES:
                    raise ArchiveError(f"it holds more than {max_bytes:,} bytes or {MAX_FILES} files")
                _write(tar, member, directory)
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise ArchiveError(f"it is no sound .tar.gz: {error}") from error


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, directory: Path) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise ArchiveError(f"{member.name!r} leaves the directory")
    target = directory / path
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    source = tar.extractfile(member) if member.isreg() else None
    if source is None:
        raise ArchiveError(f"{member.name!r} is neither a file nor a directory")
    target.parent.mkdir(parents=True, exist_ok=True)
    with source, target.open("wb") as file:
        shutil.copyfileobj(source, file)
