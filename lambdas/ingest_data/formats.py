"""The forms in which an upload may come: CSV, the same in gzip, and Parquet."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from lambdas.ingest_data.faults import DatasetRejected, Fault

CSV, PARQUET = "csv", "parquet"
_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to say that a gzip header comes first
_INFLATED_BYTES = 1 << 22


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
    """Members that follow each other are one text, as gzip itself has it (RFC 1952, section 2.2)."""
    inflater = zlib.decompressobj(_GZIP)
    try:
        for chunk in chunks:
            waiting = chunk
            while waiting:
                if inflater.eof:
                    inflater = zlib.decompressobj(_GZIP)
                yield inflater.decompress(waiting, _INFLATED_BYTES)
                waiting = inflater.unconsumed_tail or inflater.unused_data
    except zlib.error as error:
        raise _no_gzip(str(error)) from error
    if not inflater.eof:
        raise _no_gzip("it ends in the middle")


def _no_gzip(reason: str) -> DatasetRejected:
    return DatasetRejected([Fault(rule="format", detail=f"the file is no gzip archive: {reason}")])
