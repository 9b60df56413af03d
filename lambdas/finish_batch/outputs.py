"""What the job wrote, counted and hashed as a stream."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from contracts.layout import BatchPlace
from lambdas.aws import storage


@dataclass(frozen=True)
class Output:
    """One object: a line a row; `sha256` in hex."""

    uri: str
    rows: int
    sha256: str


def read_outputs(place: BatchPlace) -> list[Output]:
    """Every object under the output, in the order of the input's parts."""
    return [_read(uri) for uri in sorted(storage.list_uris(place.output))]


def _read(uri: str) -> Output:
    digest, rows = hashlib.sha256(), 0
    for chunk in storage.chunks(uri):
        digest.update(chunk)
        rows += chunk.count(b"\n")
    return Output(uri, rows, digest.hexdigest())
