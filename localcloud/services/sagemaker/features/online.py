"""The online store: of each record the one with the greatest event time, until it expires.

API Reference of the Feature Store runtime, `PutRecord`, `UpdateRecord` and `DeleteRecord`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from localcloud.services.sagemaker.features.values import Values
from localcloud.services.sagemaker.store import Document, Store, Table


@dataclass(kw_only=True)
class Held:
    """`event` and `expires` are epoch seconds; a record that was softly deleted keeps its event time."""

    identifier: str
    event: float
    values: Values
    expires: float | None = None
    is_deleted: bool = False

    def as_document(self) -> Document:
        return {
            "identifier": self.identifier,
            "event": self.event,
            "values": self.values,
            "expires": self.expires,
            "is_deleted": self.is_deleted,
        }


class OnlineStore:
    """The records of every group, by the group's ARN and creation."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def held(self, group: Document, identifier: str, now: float) -> Held | None:
        """Also one that was softly deleted; one that expired is gone for good."""
        table = self._table(group)
        found = table.get(identifier)
        if found is None:
            return None
        held = Held(**found)
        if held.expires is not None and held.expires <= now:
            table.delete(identifier)
            return None
        return held

    def put(self, group: Document, held: Held, now: float) -> bool:
        """Whether it is newer than what is there; what has expired already never arrives."""
        before = self.held(group, held.identifier, now)
        if before is not None and held.event <= before.event:
            return False
        if held.expires is not None and held.expires <= now:
            return False
        self.keep(group, held)
        return True

    def keep(self, group: Document, held: Held) -> None:
        self._table(group).save(held.identifier, held.as_document())

    def remove(self, group: Document, identifier: str) -> None:
        self._table(group).delete(identifier)

    def all(self, group: Document, now: float) -> Iterator[Held]:
        for document in self._table(group):
            held = Held(**document)
            if held.expires is None or held.expires > now:
                yield held

    def forget(self, group: Document) -> None:
        table = self._table(group)
        for document in list(table):
            table.delete(document["identifier"])

    def _table(self, group: Document) -> Table:
        return self._store.table(f"feature-records/{group['FeatureGroupName']}")
