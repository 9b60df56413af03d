"""The name of a dataset, which its content gives it. Pure."""

from __future__ import annotations

import hashlib

VERSION_LENGTH = 20


def version_of(content_sha256: str, contract_hash: str) -> str:
    """The dataset's name: the same bytes under the same contract are the same dataset."""
    return hashlib.sha256(f"{content_sha256} {contract_hash}".encode()).hexdigest()[:VERSION_LENGTH]
