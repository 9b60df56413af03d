"""The forms in which an upload may come: CSV, the same in gzip, and Parquet."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from lambdas.datasets.checks.faults import DatasetRejected, Fault

if TYPE_CHECKING:
    from zlib import _Decompress as Inflater

CSV, PARQUET = "csv", "parquet"
_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to say that a gzip header comes first
_INFLATED_BYTES = 1 << 22
_FIRST_BYTES = 256


def kind_of(key: str) -> str:
    return PARQUET if key.lower().endswith(".parquet") else CSV


def content_of(chunks: Iterable[bytes], key: str) -> Iterator[bytes]:
    """The bytes to read: a .gz is inflated on the way, in pieces of bounded size whatever it holds."""
    return _inflated(chunks) if key.lower().endswith(".gz") else iter(chunks)


def within(chunks: Iterable[bytes], limit_bytes: int) -> Iterator[bytes]:
    """The same pieces until they are more than the function has room for; raises DatasetRejected then."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit_bytes:
            detail = (
                f"the upload is larger than the {limit_bytes / 1e9:.1f} GB, uncompressed, that can be "
                "checked at once; upload it in parts, with a manifest.json that names them"
            )
            raise DatasetRejected([Fault(rule="size", detail=detail)])
        yield chunk


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Members that follow each other are one text, as gzip itself has it (RFC 1952, section 2.2), and zeros
    behind one are padding, as gzip's manual has it."""
    inflater: Inflater | None = None
    window = _FIRST_BYTES
    try:
        for chunk in chunks:
            at = 0
            while at < len(chunk):
                if inflater is None or inflater.eof:
                    at = _behind_zeros(chunk, at) if inflater else at
                    if at == len(chunk):
                        break
                    inflater, window = zlib.decompressobj(_GZIP), _FIRST_BYTES
                # zlib copies what lies behind a member: a window that grows keeps tiny members linear.
                piece = chunk[at : at + window]
                yield inflater.decompress(piece, _INFLATED_BYTES)
                at += len(piece) - len(inflater.unused_data) - len(inflater.unconsumed_tail)
                window = min(2 * window, _INFLATED_BYTES)
    except zlib.error as error:
        raise _no_gzip("its bytes are damaged; compress it anew") from error
    if inflater is None or not inflater.eof:
        raise _no_gzip("it ends in the middle; upload it again")


def _behind_zeros(chunk: bytes, at: int) -> int:
    while at < len(chunk) and chunk[at] == 0:
        piece = chunk[at : at + _INFLATED_BYTES]
        at += len(piece) - len(piece.lstrip(b"\0"))
    return at


def _no_gzip(reason: str) -> DatasetRejected:
    return DatasetRejected([Fault(rule="format", detail=f"the file is no gzip archive: {reason}")])
