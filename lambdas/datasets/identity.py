"""What identifies a row, as a number: a keyed 64-bit hash of its values. Pure.

The hash is our own and depends on no library's version, since champions of years ago are compared by
it. It is a sum over the columns, so their order does not matter, and a column can be left out again. Values
are mixed as SplitMix64 does (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014);
texts go through BLAKE2b first. Whether a number is stored as 41 or 41.0 makes no difference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Hashes: TypeAlias = npt.NDArray[np.uint64]
Rows: TypeAlias = pa.RecordBatch | pa.Table

_MISSING = np.uint64(0x9E3779B97F4A7C15)


def identities(rows: Rows, names: Sequence[str], key: str) -> Hashes:
    """One number a row (n,), by the values of those columns; another `key` makes unrelated numbers."""
    total = np.zeros(rows.num_rows, dtype=np.uint64)
    for name in names:
        total += column_hashes(rows, name)
    return finished(total, key)


def finished(total: Hashes, key: str) -> Hashes:
    """The sum of some columns' hashes, mixed with a key."""
    return mixed(total ^ seed(key))


def column_hashes(rows: Rows, name: str) -> Hashes:
    """What one column adds to its rows' sums (n,)."""
    return mixed(_bits(rows.column(name)) ^ seed(f"column {name}"))


def seed(text: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little"))


def mixed(values: Hashes) -> Hashes:
    """SplitMix64's finaliser: every bit of the input moves half of the output's."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def numbers(values: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """A column that is no text as numbers: dates in days since 1970-01-01, truth as 0 and 1; missing as 0."""
    if pa.types.is_date(values.type):
        values = pc.cast(values, pa.date32()).cast(pa.int32())
    elif pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64())
    filled = pc.fill_null(values.cast(pa.float64(), safe=False), 0.0)
    return np.asarray(filled.to_numpy(), dtype=np.float64) + 0.0  # which makes 0.0 of -0.0


def _bits(values: pa.Array | pa.ChunkedArray) -> Hashes:
    found = _of_texts(values) if _is_text(values.type) else numbers(values).view(np.uint64)
    if values.null_count:
        missing = np.asarray(pc.is_null(values).to_numpy(zero_copy_only=False))
        found = np.where(missing, _MISSING, found)
    return found


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_dictionary(kind)
    )


def _of_texts(values: pa.Array | pa.ChunkedArray) -> Hashes:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    words = [word or "" for word in encoded.dictionary.to_pylist()] or [""]
    digests = b"".join(hashlib.blake2b(word.encode(), digest_size=8).digest() for word in words)
    codes = pc.fill_null(encoded.indices, 0).to_numpy(zero_copy_only=False)
    return np.asarray(np.frombuffer(digests, dtype="<u8").astype(np.uint64)[codes])
