"""Unpacks archives that nobody vouches for, on any Python: extraction filters came with 3.11.4 only."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path, PurePosixPath

EXECUTABLE = 0o100


def extract(tar: tarfile.TarFile, directory: Path) -> None:
    """Write an archive's files and directories below a directory.

    Members are read and written as new files, so that no owner, device or special mode of theirs counts.
    Raises tarfile.TarError for a link, a device, or a path that leaves the directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for member in tar:
        target = directory / _inside(member)
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        source = tar.extractfile(member) if member.isreg() else None
        if source is None:
            raise tarfile.ExtractError(f"{member.name!r} is neither a file nor a directory")
        target.parent.mkdir(parents=True, exist_ok=True)
        with source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
        if member.mode & EXECUTABLE:
            target.chmod(0o755)


def _inside(member: tarfile.TarInfo) -> PurePosixPath:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise tarfile.ExtractError(f"{member.name!r} leaves the directory")
    return path
