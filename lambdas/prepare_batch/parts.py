"""The job's input in parts, each put into S3 and forgotten: a large file needs little scratch space."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path

from contracts.layout import BatchPlace
from lambdas.aws import storage
from lambdas.prepare_batch.sorting import Chunk

PART_BYTES = 256 << 20
FIRST_REJECTED = 100


class Outcome:
    """What became of the rows. `first_rejected` holds the first ones; `place.rejected` all of them."""

    def __init__(self, place: BatchPlace, scratch: Path, part_bytes: int = PART_BYTES) -> None:
        self._place, self._part_bytes = place, part_bytes
        self._part, self._rejected = scratch / "part.csv", scratch / "rejected.csv"
        self.rows = self.accepted = self.rejected = self.parts = 0
        self.first_rejected: list[dict[str, object]] = []

    def write(self, chunks: Iterable[Chunk]) -> None:
        """Put everything into S3."""
        with self._rejected.open("w", encoding="utf-8", newline="") as file:
            rejected = csv.writer(file)
            rejected.writerow(["row", "reason"])
            part = self._part.open("wb")
            for chunk in chunks:
                self._count(chunk)
                rejected.writerows(chunk.rejected)
                if chunk.lines:
                    part.write(("\n".join(chunk.lines) + "\n").encode())
                if part.tell() >= self._part_bytes:
                    part.close()
                    self._put_part()
                    part = self._part.open("wb")
            is_left = part.tell() > 0
            part.close()
        if is_left:
            self._put_part()
        if self.rejected:
            storage.upload_file(self._rejected, self._place.rejected, "text/csv")

    def _count(self, chunk: Chunk) -> None:
        self.rows += chunk.rows
        self.accepted += len(chunk.lines)
        self.rejected += len(chunk.rejected)
        room = FIRST_REJECTED - len(self.first_rejected)
        self.first_rejected += [{"row": n, "reason": why} for n, why in chunk.rejected[:room]]

    def _put_part(self) -> None:
        storage.upload_file(self._part, self._place.part(self.parts), "text/csv")
        self.parts += 1

    def document(self) -> dict[str, object]:
        """For the manifest."""
        counts = {"read": self.rows, "accepted": self.accepted, "rejected": self.rejected}
        return json.loads(  # type: ignore[no-any-return]
            json.dumps({"rows": counts, "parts": self.parts, "first_rejected": self.first_rejected})
        )
