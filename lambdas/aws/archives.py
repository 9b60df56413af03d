"""Model archives under their own hash: what was evaluated is what is served, now and months later."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from contracts import layout
from contracts.errors import ArchiveChangedError
from lambdas.aws import once, storage

_CHUNK_BYTES = 1 << 20


def keep(source_uri: str, expected_hash: str) -> str:
    """Copy an archive to `models/HASH/model.tar.gz` of its bucket; returns the copy's URI.

    `expected_hash` is the SHA-256 (hex) of the archive that was evaluated, and empty of an execution that
    began before it was kept. The copy is written once and never again. Raises ArchiveChangedError where the
    archive is another by now, or gone.
    """
    bucket, _ = storage.split(source_uri)
    with tempfile.TemporaryDirectory(prefix="archive-") as scratch:
        path = Path(scratch) / "model.tar.gz"
        try:
            storage.download_file(source_uri, path)
        except storage.ObjectMissingError as error:
            raise ArchiveChangedError(f"{source_uri} was evaluated, and is gone") from error
        found = hash_of(path)
        if expected_hash and found != expected_hash:
            raise ArchiveChangedError(
                f"{source_uri} is not the archive that was evaluated: its SHA-256 is {found}, and was "
                f"{expected_hash}. Somebody wrote to the bucket in between; upload the data again"
            )
        uri = f"{layout.MODELS.uri(bucket, found)}{layout.ARCHIVE_FILE}"
        # What is there already under this hash was put there by an earlier attempt.
        once.write_file(path, uri, "application/gzip")
    return uri


def hash_of(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
