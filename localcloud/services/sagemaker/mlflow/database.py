"""The tracking server's database, which is there whole or not at all.

MLflow makes an empty SQLite database by dozens of migrations, and SQLite's own transactions do not span them:
a server that is killed on the way leaves tables that the next one trips over ("table span_metrics already
exists") with every request, for ever.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

MAKING = "database-being-made"


def migrated(path: Path, artifact_root: str) -> None:
    """An empty database of MLflow's newest schema, as its server makes it for its first request."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(f"sqlite:///{path}", artifact_root).engine.dispose()


def prepare(path: Path, artifact_root: str, make: Callable[[Path, str], None] = migrated) -> None:
    """Make the database beside its place and move it there, unless it is there already."""
    if path.exists():
        return
    room = path.parent / MAKING
    shutil.rmtree(room, ignore_errors=True)  # of a server that was killed, its journal included
    room.mkdir()
    make(room / path.name, artifact_root)
    os.replace(room / path.name, path)
    shutil.rmtree(room, ignore_errors=True)
