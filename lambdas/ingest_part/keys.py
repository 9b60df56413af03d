"""The values that may occur only once in the whole dataset, for MergeParts to compare between parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.dataset import DatasetContract
from lambdas.datasets.checks import rules
from lambdas.datasets.engine import Engine
from lambdas.datasets.parts import records as parts
from lambdas.datasets.splitting import AGAIN
from lambdas.datasets.upload.account import Account, Lines
from lambdas.datasets.upload.arrival import Arrival
from lambdas.datasets.upload.lines import lines_of_bytes


class Keys:
    """One file for each unique key: part, row, line, side and place (as `split` has them), k0, k1...

    Every value stands there once: of a row that repeats it the part's own verdict tells. A row without one of
    the values is left out as well.
    """

    def __init__(self, contract: DatasetContract, directory: Path, number: int, *, has_lines: bool) -> None:
        self._keys = rules.unique_keys(contract)
        self._paths = [directory / parts.keys_file(index) for index, _ in enumerate(self._keys)]
        self._files: list[pq.ParquetWriter] = []
        self._number, self._header_lines = number, 1 if has_lines else 0
        self._rows = 0

    def note(self, batch: pa.RecordBatch, side: npt.NDArray[np.int8], place: npt.NDArray[np.int64]) -> None:
        """Write the batch's values."""
        row = np.arange(self._rows + 1, self._rows + 1 + batch.num_rows)
        self._rows += batch.num_rows
        for index, names in enumerate(self._keys):
            values = [batch.column(name) for name in names]
            keep = ~_flags(batch, f"{AGAIN}{index}")
            for value in values:
                keep &= np.asarray(value.is_valid().to_numpy(zero_copy_only=False))
            columns = {
                "part": np.full(len(row), self._number),
                "row": row,
                "line": row + self._header_lines,
                "side": side,
                "place": place,
                **{f"k{i}": value for i, value in enumerate(values)},
            }
            self._write(index, pa.RecordBatch.from_pydict(columns).filter(pa.array(keep)))

    def _write(self, index: int, batch: pa.RecordBatch) -> None:
        if len(self._files) == index:
            self._files.append(_writer(self._paths[index], batch.schema))
        self._files[index].write_batch(batch)

    def finish(self, engine: Engine, arrival: Arrival) -> None:
        """Close the files; where lines are not simply counted, put the right ones in."""
        for file in self._files:
            file.close()
        if not self._files or not engine.source.has_lines:
            return
        asked = engine.ask("SELECT DISTINCT line_byte_position FROM reject_errors")
        malformed = lines_of_bytes(arrival.path, [position for (position,) in asked])
        account = arrival.account
        if len(malformed) or len(account.removed) or len(account.continued):
            for path in self._paths:
                _put_lines(path, account, malformed)


def _flags(batch: pa.RecordBatch, name: str) -> npt.NDArray[np.bool_]:
    if name not in batch.schema.names:
        return np.zeros(batch.num_rows, dtype=bool)
    return np.asarray(batch.column(name).to_numpy(zero_copy_only=False), dtype=bool)


def _put_lines(path: Path, account: Account, malformed: Lines) -> None:
    """A batch of keys at a time."""
    with pq.ParquetFile(path) as file, _writer(path.with_suffix(".lines"), file.schema_arrow) as new:
        for batch in file.iter_batches():
            rows = np.asarray(batch.column("row").to_numpy(), dtype=np.int64)
            line = pa.array(account.lines_of_rows(rows, malformed))
            new.write_batch(batch.set_column(batch.schema.get_field_index("line"), "line", line))
    path.with_suffix(".lines").replace(path)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Numbers that mostly grow by one take next to no space as differences."""
    growing = dict.fromkeys(("row", "line", "place"), "DELTA_BINARY_PACKED")
    return pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=False, column_encoding=growing)
