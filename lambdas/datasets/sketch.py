"""Which rows a model was trained on, in at most two bytes a row. Pure.

A sketch is one Bloom filter or two (Bloom, "Space/time trade-offs in hash coding with allowable errors",
1970) over keyed hashes of what identifies the rows: a row that went in is always found again, and few others
are, so that an error only drops a row from a comparison. No value can be read out of it.

Where rows have no key of their own they are looked for by halves of their columns, as far as a half tells
rows apart by itself: then a row of which one cell was corrected, or one column converted, is found all the
same. Of a split by time the last time of training says everything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.dataset import DatasetContract
from lambdas.datasets.identity import Hashes, Rows, identities, numbers

FORMAT_VERSION = 1
_MAGIC = b"greenlight sketch\n"
_BITS_PER_ROW = 16
_PROBES = 6
_SMALLEST_BITS = 64
# Halves that tell fewer of the rows apart would drop too many rows that are new.
_TELLS_APART = 0.95
_COUNTED_EXACTLY = 2_000_000

Mask = npt.NDArray[np.bool_]


class SketchUnusableError(ValueError):
    """The bytes are no sketch, or the rows lack the columns that it goes by."""


@dataclass(frozen=True)
class View:
    """A Bloom filter over the values of some columns, one bit a byte's bit."""

    columns: tuple[str, ...]
    bits: npt.NDArray[np.uint8] = field(repr=False)

    def holds(self, rows: Rows, key: str) -> Mask:
        size = 8 * len(self.bits)
        found = np.ones(rows.num_rows, dtype=bool)
        for place in _places(identities(rows, self.columns, key), size):
            found &= (self.bits[place >> 3] >> (place & 7).astype(np.uint8)) & 1 == 1
        return found


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """What a model was trained on: `rows` rows, known by `views`, or until `last_time` of column `time`."""

    rows: int
    key: str
    views: tuple[View, ...] = ()
    time: str = ""
    last_time: float = 0.0

    @property
    def columns(self) -> tuple[str, ...]:
        """All that it may ask a row for."""
        return tuple(
            dict.fromkeys((*([self.time] if self.time else []), *chain(*(v.columns for v in self.views))))
        )

    def seen(self, rows: Rows) -> Mask:
        """Whether each row (n,) may have been trained on; False is certain.

        Rows need the columns of one view. Raises SketchUnusableError where they lack some of each.
        """
        names = set(rows.schema.names)
        if self.time:
            if self.time not in names:
                raise SketchUnusableError(
                    f"the rows have no {self.time!r}, by whose values the model's data ended"
                )
            return numbers(rows.column(self.time)) <= self.last_time
        usable = [view for view in self.views if names.issuperset(view.columns)]
        if not usable:
            lacking = sorted(set(self.columns) - names)
            raise SketchUnusableError(f"the rows have no {', '.join(map(repr, lacking))}")
        return np.asarray(np.logical_or.reduce([view.holds(rows, self.key) for view in usable]))

    def to_bytes(self) -> bytes:
        head = {
            "format_version": FORMAT_VERSION,
            "rows": self.rows,
            "key": self.key,
            "time": self.time,
            "last_time": self.last_time,
            "views": [{"columns": view.columns, "bytes": len(view.bits)} for view in self.views],
        }
        return (
            _MAGIC + json.dumps(head).encode() + b"\n" + b"".join(view.bits.tobytes() for view in self.views)
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Sketch:
        """Raises SketchUnusableError."""
        try:
            if not content.startswith(_MAGIC):
                raise ValueError("it does not begin as one")
            text, _, body = content[len(_MAGIC) :].partition(b"\n")
            head = json.loads(text)
            if head["format_version"] != FORMAT_VERSION:
                raise ValueError(f"format version {head['format_version']} is unknown")
            if sum(view["bytes"] for view in head["views"]) != len(body):
                raise ValueError("its length is not the one that it names")
            return cls(
                rows=int(head["rows"]),
                key=str(head["key"]),
                views=tuple(_views(head["views"], body)),
                time=str(head["time"]),
                last_time=float(head["last_time"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise SketchUnusableError(f"this is no sketch: {error}") from error


def _views(heads: Sequence[dict[str, Any]], body: bytes) -> Iterable[View]:
    start = 0
    for head in heads:
        bits = np.frombuffer(body, dtype=np.uint8, count=head["bytes"], offset=start)
        start += head["bytes"]
        yield View(tuple(head["columns"]), bits)


def _places(hashes: Hashes, size: int) -> Iterable[npt.NDArray[np.int64]]:
    """Where a hash's bits lie, one probe after another (Kirsch and Mitzenmacher, "Less hashing, same
    performance", 2006)."""
    first, step = hashes & np.uint64(0xFFFFFFFF), (hashes >> np.uint64(32)) | np.uint64(1)
    for probe in range(_PROBES):
        yield ((first + np.uint64(probe) * step) % np.uint64(size)).astype(np.int64)


class SketchBuilder:
    """Takes the training rows batch by batch. `rows` is how many will come; `key` is of this model's data
    alone, so that no two models' sketches err on the same rows."""

    def __init__(self, contract: DatasetContract, rows: int, key: str) -> None:
        self._time = contract.split.time
        self._rows, self._key = rows, key
        self._last_time = -np.inf
        self._has_key = bool(contract.identifiers) or contract.split.by in ("group", "position")
        self._whole = contract.identity
        self._filters: list[_Filter] = []
        self.columns = contract.identity

    def add(self, batch: pa.RecordBatch) -> None:
        if self._time:
            if batch.num_rows:
                self._last_time = max(self._last_time, float(numbers(batch.column(self._time)).max()))
            return
        if not self._filters:
            self._filters = [_Filter(self._whole, _BITS_PER_ROW * self._rows, self._rows)]
            if not self._has_key and len(self._whole) > 1:
                halves = halves_of(batch, self._whole)
                self._filters += [
                    _Filter(half, _BITS_PER_ROW // 2 * self._rows, self._rows) for half in halves
                ]
        for one in self._filters:
            one.add(identities(batch, one.columns, self._key))

    def finish(self) -> Sketch:
        if self._time:
            return Sketch(rows=self._rows, key=self._key, time=self._time, last_time=self._last_time)
        if not self._filters:
            return Sketch(rows=0, key=self._key, views=(View(self._whole, np.zeros(8, dtype=np.uint8)),))
        whole, *halves = self._filters
        telling = [half for half in halves if half.distinct() >= _TELLS_APART * whole.distinct()]
        views = tuple(View(one.columns, one.bits) for one in (telling or [whole]))
        return Sketch(rows=self._rows, key=self._key, views=views)


def halves_of(batch: pa.RecordBatch, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns dealt out to two hands, those of the most different values first, so that either tells as
    many rows apart as it can."""
    different = {name: len(np.unique(identities(batch, [name], ""))) for name in names}
    ranked = sorted(names, key=lambda name: (-different[name], name))
    hands: tuple[list[str], list[str]] = ([], [])
    for place, name in enumerate(ranked):
        hands[(place + 1) // 2 % 2].append(name)
    return tuple(hands[0]), tuple(hands[1])


class _Filter:
    """A Bloom filter being filled, and how many different rows went in."""

    def __init__(self, columns: tuple[str, ...], bits: int, rows: int) -> None:
        self.columns = columns
        self.bits = np.zeros(max(_SMALLEST_BITS, bits) // 8, dtype=np.uint8)
        self._hashes: list[Hashes] | None = [] if rows <= _COUNTED_EXACTLY else None

    def add(self, hashes: Hashes) -> None:
        for place in _places(hashes, 8 * len(self.bits)):
            np.bitwise_or.at(self.bits, place >> 3, np.left_shift(1, place & 7).astype(np.uint8))
        if self._hashes is not None:
            self._hashes.append(hashes)

    def distinct(self) -> float:
        """Counted, or of very many rows estimated by how full the filter is (Swamidass and Baldi, 2007)."""
        if self._hashes is not None:
            return float(len(np.unique(np.concatenate(self._hashes))))
        size = 8 * len(self.bits)
        full = float(np.unpackbits(self.bits).sum()) / size
        return -size / _PROBES * float(np.log1p(-min(full, 1 - 1 / size)))
