"""Free text as counts of hashed n-grams: what a text means to a model, fixed in writing.

A text is read as bytes of UTF-8. ASCII's capitals are lowered; digits, ASCII's letters and every byte from
0x80 on belong to words, and all other bytes part them. The grams are

words       each word
pairs       each word, and each two words that follow each other, with one blank between them
characters  each three bytes that follow each other in a word with one blank before it and one behind it

and each gram counts one in the bucket CRC-32(gram) modulo the number of buckets (CRC-32 as in ISO 3309,
ITU-T V.42 and zlib). A missing text counts nothing. The counts are whole numbers, so that training and every
reader agree to the last bit. Standard library alone, since the server imports it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any
from zlib import crc32

from contracts.reading import Table

GRAMS = ("words", "pairs", "characters")
FEWEST_BUCKETS, MOST_BUCKETS, USUAL_BUCKETS = 8, 1024, 128
_BETWEEN_WORDS = re.compile(rb"[^0-9a-z\x80-\xff]+")
_GRAM_BYTES = 3


@dataclass(frozen=True, kw_only=True)
class TextHashing:
    """How a column of text becomes `buckets` counts, by the n-grams of GRAMS."""

    buckets: int = USUAL_BUCKETS
    grams: str = GRAMS[0]

    def counts(self, text: str | None) -> list[float]:
        """One count a bucket."""
        found = [0.0] * self.buckets
        for gram in self._grams_of(text):
            found[crc32(gram) % self.buckets] += 1.0
        return found

    def _grams_of(self, text: str | None) -> Iterator[bytes]:
        # A lone surrogate, which a text out of JSON may hold, has no UTF-8.
        lowered = (text or "").encode("utf-8", "replace").lower()
        words = [word for word in _BETWEEN_WORDS.split(lowered) if word]
        if self.grams != "characters":
            yield from words
        if self.grams == "pairs":
            yield from (b" ".join(pair) for pair in pairwise(words))
        for word in words if self.grams == "characters" else ():
            padded = b" " + word + b" "
            yield from (padded[at : at + _GRAM_BYTES] for at in range(len(padded) - _GRAM_BYTES + 1))

    def as_document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> TextHashing:
        """Raises ValueError where the document is none that `as_document` gave."""
        buckets, grams = document.get("buckets"), document.get("grams")
        if set(document) != {"buckets", "grams"} or grams not in GRAMS or type(buckets) is not int:
            raise ValueError(f"the hashing of a text is {dict(document)!r}"[:300])
        if not FEWEST_BUCKETS <= buckets <= MOST_BUCKETS:
            raise ValueError(f"a text has {buckets} buckets; {FEWEST_BUCKETS} to {MOST_BUCKETS} are read")
        return cls(buckets=buckets, grams=grams)

    @classmethod
    def read(cls, table: Table) -> TextHashing:
        """The keys `buckets` and `grams` of a column."""
        return cls(
            buckets=table.integer("buckets", FEWEST_BUCKETS, MOST_BUCKETS, USUAL_BUCKETS),
            grams=table.choice("grams", GRAMS, GRAMS[0]),
        )
