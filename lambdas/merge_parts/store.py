"""The parts' objects in S3: fetched many at a time, and laid out as a dataset's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from lambdas.aws import once, storage
from lambdas.datasets.outcome import PARQUET_TYPE
from lambdas.datasets.parts.records import RESULT_FILE, PartResult, Parts

_AT_ONCE = 10  # as many connections as botocore keeps
Item = TypeVar("Item")
Made = TypeVar("Made")


class Store:
    """Where a list's parts lie, and the scratch space that their files are fetched to."""

    def __init__(self, parts: Parts, scratch: Path) -> None:
        self.parts, self.scratch = parts, scratch

    def results(self, count: int) -> list[PartResult]:
        """Of every part, in the manifest's order; raises ObjectMissingError."""

        def read(number: int) -> PartResult:
            uri = self.uri_of(number, RESULT_FILE)
            document = storage.read_json(uri)
            if document is None:
                raise storage.ObjectMissingError(f"{uri} does not exist")
            return PartResult.from_document(document)

        return at_once(read, range(count))

    def fetch(self, numbers: Iterable[int], name: str, *, rewritten: bool = False) -> list[Path]:
        """The file of that name of each of the parts, as IngestPart wrote it or as it was written anew."""

        def one(number: int) -> Path:
            path = self.scratch / "fetched" / f"{number:05d}" / name
            storage.download_file(self.uri_of(number, name, rewritten=rewritten), path)
            return path

        return at_once(one, numbers)

    def keep(self, number: int, path: Path) -> None:
        """Move a part's file that was written anew to S3, beside the one that it replaces."""
        storage.upload_file(path, self.uri_of(number, path.name, rewritten=True), PARQUET_TYPE)
        path.unlink()

    def uri_of(self, number: int, name: str, *, rewritten: bool = False) -> str:
        return self.parts.uri(number) + ("rewritten/" if rewritten else "") + name


def copy_all_once(pairs: Sequence[tuple[str, str]]) -> None:
    """As `copy_all`; a target that is there already is the same, and stays."""
    at_once(lambda pair: once.copy(*pair, PARQUET_TYPE), pairs)


def copy_all(pairs: Sequence[tuple[str, str]]) -> None:
    """Each source to its target, without the bytes' coming here."""
    at_once(lambda pair: storage.copy(*pair), pairs)


def at_once(work: Callable[[Item], Made], items: Iterable[Item]) -> list[Made]:
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(work, items))
