"""DuckDB over one uploaded file; it spills to the scratch directory past its share of the memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from lambdas.datasets.checks.faults import DatasetRejected, Fault
from lambdas.datasets.quoting import literal
from lambdas.datasets.upload.sources import Source

if TYPE_CHECKING:
    import pyarrow as pa

# Of the function's memory, half: Arrow, Python and the page cache want theirs. Ten columns need 300 MB, and
# a thousand three times as much, however many rows there are.
MEMORY_SHARE = 0.5
WIDE_TABLE_MB = 900
_DEFAULT_MEMORY_MB = 2048
_MAX_BATCH_ROWS = 122_880  # DuckDB's own row group
_BATCH_CELLS = 2_000_000
_READ_AHEAD = "32MB"


class Engine:
    """A connection over one source, for questions in SQL."""

    def __init__(self, source: Source, scratch: Path) -> None:
        self.source = source
        self._batch_rows = max(1024, min(_MAX_BATCH_ROWS, _BATCH_CELLS // len(source.names)))
        self._connection = duckdb.connect()
        # DuckDB 2.0 moves a TRY_CAST into the CSV reader, and there a text that does not fit rejects the row
        # instead of becoming NULL. Its search for common subexpressions takes a minute for 2,000 columns.
        self._connection.execute("SET disabled_optimizers = 'type_pushdown,common_subexpressions'")
        self._connection.execute(f"SET memory_limit = '{_memory_limit_mb()}MB'")
        self._connection.execute(f"SET streaming_buffer_size = '{_READ_AHEAD}'")
        self._connection.execute(f"SET temp_directory = {literal(str(scratch / 'spill'))}")

    def close(self) -> None:
        self._connection.close()

    def malformed(self) -> int:
        """How many rows have too many or too few fields, or broken quotes; MAX_MALFORMED stands for more."""
        if not self.source.has_lines:
            return 0
        ((count,),) = self.ask("SELECT count(DISTINCT line_byte_position) FROM reject_errors")
        return int(count)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Raises DatasetRejected where the file is no CSV at all, or too much for this function."""
        try:
            return self._connection.sql(sql).fetchall() if _is_query(sql) else self._run(sql)
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            raise _unreadable(error) from error
        except duckdb.OutOfMemoryException as error:  # of the scratch space, too
            raise _too_large() from error

    def _run(self, sql: str) -> list[tuple[Any, ...]]:
        self._connection.execute(sql)
        return []

    def insert(self, table: str, columns: dict[str, list[Any]]) -> None:
        """Append columns of equal length."""
        values = ", ".join(f"unnest(${name})" for name in columns)
        self._connection.execute(f"INSERT INTO {table} SELECT {values}", columns)

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The query's rows in the file's order, as they are read; raises as `ask` does."""
        try:
            yield from self._connection.sql(sql).to_arrow_reader(self._batch_rows)
        except duckdb.OutOfMemoryException as error:
            raise _too_large() from error
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            raise _unreadable(error) from error
        except OSError as error:  # what Arrow's stream makes of an error inside DuckDB
            raise _unreadable(error) from error


def _memory_limit_mb() -> int:
    """Lambda tells a function its own size (Lambda Developer Guide, "Defined runtime variables")."""
    return int(MEMORY_SHARE * int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", _DEFAULT_MEMORY_MB)))


def _is_query(sql: str) -> bool:
    return sql.startswith(("SELECT", "FROM"))


def _too_large() -> DatasetRejected:
    detail = (
        "what the contract asks of these rows together takes more memory and scratch space than there is; "
        "upload them in parts, with a manifest.json that names them"
    )
    return DatasetRejected([Fault(rule="size", detail=detail)])


def _unreadable(error: Exception) -> DatasetRejected:
    """A line's own fault is found before; what is left is rare, and named as well as it can be."""
    reason = str(error).splitlines()[0][:300]
    detail = (
        "rows and fields cannot be told apart; save the file anew as UTF-8 CSV, or as Parquet "
        f"(what the reader of rows says: {reason})"
    )
    return DatasetRejected([Fault(rule="format", detail=detail)])
