"""Labels put to the predictions that they are of. Pure.

A label may come before its request's capture does, so an id that is unknown waits as long as predictions take
to mature before it is set aside; an id that several requests share says of none which one it means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa

from lambdas.judge_quality.label_files import Label, Refused
from lambdas.monitoring.requests import EVENT_ID, INFERENCE_ID, ROW, TIME

Key = tuple[str, int]
LABEL, TAKEN_KEY = "greenlight_label", "greenlight_key"


@dataclass
class Joined:
    """The matured rows with a label, piece by piece, in the order of the hours."""

    labels: Mapping[Key, Label]
    matured_before: datetime
    pieces: list[tuple[pa.Table, list[Label]]] = field(default_factory=list)
    matured_rows: int = 0
    waiting_rows: int = 0
    _met: Counter[Key] = field(default_factory=Counter)

    def add(self, table: pa.Table) -> None:
        """Requests of one piece; a row that has not matured only lets its label be known."""
        identities = [
            own or event
            for own, event in zip(
                table.column(INFERENCE_ID).to_pylist(), table.column(EVENT_ID).to_pylist(), strict=True
            )
        ]
        keys = list(zip(identities, table.column(ROW).to_pylist(), strict=True))
        times = table.column(TIME).to_pylist()
        chosen: list[int] = []
        for place, key in enumerate(keys):
            if times[place] > self.matured_before:
                self.waiting_rows += 1
                if key in self.labels:
                    self._met[key] += 1
                continue
            self.matured_rows += 1
            if key in self.labels:
                self._met[key] += 1
                if self._met[key] == 1:
                    chosen.append(place)
        if chosen:
            rows = table.take(pa.array(chosen))
            self.pieces.append((rows, [self.labels[keys[place]] for place in chosen]))

    @property
    def ambiguous(self) -> set[Key]:
        """Ids that more than one request bears."""
        return {key for key, count in self._met.items() if count > 1}

    def table(self) -> tuple[pa.Table | None, list[Label]]:
        """The labelled rows whose id is theirs alone."""
        doubtful = self.ambiguous
        tables, labels = [], []
        for rows, found in self.pieces:
            sure = np.array([(label.id, label.row) not in doubtful for label in found], dtype=bool)
            tables.append(rows.filter(pa.array(sure)))
            labels += [label for label, kept in zip(found, sure, strict=True) if kept]
        return (pa.concat_tables(tables) if tables else None), labels

    def refused(self, unknown_since: datetime) -> Iterable[Refused]:
        """Labels of no request, where they came before `unknown_since`; and of more than one."""
        doubtful = self.ambiguous
        for key, label in self.labels.items():
            if key in doubtful:
                reason = f"{self._met[key]} requests have this inference id: which one is meant nothing says"
            elif not self._met[key] and label.at <= unknown_since:
                reason = "no captured request has this inference id and row"
            else:
                continue
            yield Refused(key=label.key, line=label.line, id=label.id, reason=reason)
