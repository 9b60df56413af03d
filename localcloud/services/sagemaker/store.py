"""SageMaker's records: documents by kind and name, written through to one SQLite file.

Each change is on disk before the call returns, so a cloud that is killed finds the last answer it gave.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Document = dict[str, Any]


class Store:
    """All tables of one service. Thread-safe."""

    def __init__(self, path: Path | None = None) -> None:
        """Open, or make, the file; without a path nothing outlives the process."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(str(path or ":memory:"), check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS records"
            " (kind TEXT, name TEXT, document TEXT, PRIMARY KEY (kind, name))"
        )
        self._tables: dict[str, Table] = {}

    def table(self, kind: str) -> Table:
        """The records of one kind."""
        with self._lock:
            if kind not in self._tables:
                self._tables[kind] = Table(self, kind, self._read(kind))
            return self._tables[kind]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._connection.execute("DELETE FROM records")
            self._connection.commit()
            for table in self._tables.values():
                table.forget()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def write(self, kind: str, name: str, document: Document | None) -> None:
        """Keep a document, or drop the record when it is None."""
        with self._lock:
            if document is None:
                self._connection.execute("DELETE FROM records WHERE kind=? AND name=?", (kind, name))
            else:
                self._connection.execute(
                    "INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (kind, name, json.dumps(document))
                )
            self._connection.commit()

    def _read(self, kind: str) -> dict[str, Document]:
        rows = self._connection.execute(
            "SELECT name, document FROM records WHERE kind=? ORDER BY rowid", (kind,)
        )
        return {name: json.loads(document) for name, document in rows}


class Table:
    """The records of one kind, in the order in which they were made."""

    def __init__(self, store: Store, kind: str, records: dict[str, Document]) -> None:
        self._store = store
        self._kind = kind
        self._records = records
        self._lock = threading.RLock()

    def __contains__(self, name: str) -> bool:
        return name in self._records

    def __iter__(self) -> Iterator[Document]:
        with self._lock:
            return iter(list(self._records.values()))

    def get(self, name: str) -> Document | None:
        """The record, which the caller may change and then save."""
        return self._records.get(name)

    def save(self, name: str, document: Document) -> Document:
        """Keep a new or changed record."""
        with self._lock:
            self._records[name] = document
            self._store.write(self._kind, name, document)
        return document

    def delete(self, name: str) -> None:
        """Drop a record; dropping what is not there is no error."""
        with self._lock:
            self._records.pop(name, None)
            self._store.write(self._kind, name, None)

    def forget(self) -> None:
        self._records.clear()
