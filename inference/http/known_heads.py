"""Request heads that have been parsed before.

A client repeats itself: the same few heads come again and again, and need not be taken apart each time.
Nothing is understood here that httptools has not understood first.
"""

from __future__ import annotations

from typing import NamedTuple

_MOST_HEADS = 512
# Once so many were new, clients are about that send a number of their own with each request: one head in so
# many is remembered then, which a client that repeats itself soon meets.
_ONE_IN = 8
_LONGEST_HEAD = 2048


class KnownHead(NamedTuple):
    """What a plain head says: no chunks, no expectation, no id of its own, and the connection stays."""

    method: str
    path: str
    content_type: str
    accept: str
    body_bytes: int


class KnownHeads:
    """Heads by their exact bytes."""

    def __init__(self) -> None:
        self._heads: dict[bytes, KnownHead] = {}
        self.get = self._heads.get
        self._new = 0

    def is_wanted(self) -> bool:
        """Whether a head that is not known is worth remembering; to be asked of each."""
        self._new += 1
        return self._new <= _MOST_HEADS or not self._new % _ONE_IN

    def add(self, head: bytes, meaning: KnownHead) -> None:
        """Remember a head; when there are too many, begin anew."""
        if len(head) > _LONGEST_HEAD:
            return
        if len(self._heads) >= _MOST_HEADS:
            self._heads.clear()
        self._heads[head] = meaning
