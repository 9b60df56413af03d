"""Unpacks a model archive that nobody vouches for."""

from __future__ import annotations

import tarfile
from pathlib import Path

# A gzip bomb grows a thousandfold; a Lambda's /tmp and memory do not.
MAX_BYTES = 1 << 30
MAX_FILES = 100


class ArchiveError(Exception):
    """The archive is damaged, too large, or holds what a model has no use for."""


def unpack(archive: Path, directory: Path, max_bytes: int = MAX_BYTES) -> None:
    """Raises ArchiveError. The "data" filter refuses links, devices and paths that leave the directory
    (Python library reference, `tarfile`, "Extraction filters")."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            names: set[str] = set()
            size = 0
            for member in tar:
                size += member.size
                names.add(member.name)
                if size > max_bytes or len(names) > MAX_FILES:
                    raise ArchiveError(f"it holds more than {max_bytes:,} bytes or {MAX_FILES} files")
                tar.extract(member, directory, filter="data")
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise ArchiveError(f"it is no sound .tar.gz: {error}") from error
