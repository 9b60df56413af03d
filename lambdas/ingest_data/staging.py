"""The upload in DuckDB: read once into a typed table on disk, which every later question asks.

DuckDB spills to the scratch directory past MEMORY_LIMIT, so the size of an upload is bounded by /tmp alone.
"""
# ruff: noqa: S608 - SQL is made of the contract's names, each quoted by `identifier` or `literal`

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from contracts.dataset import DatasetContract
from lambdas.ingest_data import rules
from lambdas.ingest_data.arrival import Arrival
from lambdas.ingest_data.faults import DatasetRejected, Fault
from lambdas.ingest_data.header import header_names
from lambdas.ingest_data.lines import lines_of_rows
from lambdas.ingest_data.rules import identifier, literal

MEMORY_LIMIT = "400MB"
MAX_LINE_BYTES = 2_000_000
MAX_MALFORMED = 1_000_000
GOOD = "greenlight_violations IS NULL AND greenlight_row NOT IN (SELECT row FROM duplicates)"


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One rule broken by `count` rows, the first of them at `line` with `value`."""

    column: str
    rule: str
    value: str
    line: int
    count: int


class Staging:
    """The rows of one upload: tables `staging` (each row), `broken` (each violation) and `duplicates`."""

    def __init__(self, arrival: Arrival, contract: DatasetContract, scratch: Path) -> None:
        self._arrival, self._contract, self._scratch = arrival, contract, scratch
        self._connection = duckdb.connect()
        self._connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        self._connection.execute(f"SET temp_directory = {literal(str(scratch / 'spill'))}")
        self._table = literal(str(scratch / "staging.parquet"))

    def close(self) -> None:
        self._connection.close()

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()

    def read(self) -> None:
        """Read and check the file; raises DatasetRejected where it cannot be read as CSV at all."""
        query = rules.staging_query(self._contract, self._source())
        try:
            self.ask(f"COPY ({query}) TO {self._table} (FORMAT parquet)")
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            detail = f"the file cannot be read as CSV: {str(error).splitlines()[0][:300]}"
            raise DatasetRejected([Fault(rule="csv", detail=detail)]) from error
        self.ask(f"CREATE VIEW staging AS FROM read_parquet({self._table})")
        self._collect_violations()

    def _source(self) -> str:
        names = header_names(self._arrival.head)
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
        return (
            f"read_csv({literal(str(self._arrival.path))}, columns = {{{columns}}}, auto_detect = false, "
            "header = true, delim = ',', quote = '\"', escape = '\"', store_rejects = true, "
            f"rejects_limit = {MAX_MALFORMED}, max_line_size = {MAX_LINE_BYTES})"
        )

    def _collect_violations(self) -> None:
        self.ask("CREATE TEMP TABLE duplicates (row BIGINT)")
        self.ask(
            "CREATE TEMP TABLE broken AS SELECT greenlight_row AS row, 0::BIGINT AS line, "
            "unnest(greenlight_violations, recursive := true) FROM staging "
            "WHERE greenlight_violations IS NOT NULL"
        )
        for names in self._unique_keys():
            self._collect_duplicates(names)
        self.ask(
            "INSERT INTO broken SELECT 0, line, '', 'csv', left(first(error_message) || ': ' || "
            "first(left(csv_line, 200)), 300) FROM reject_errors GROUP BY line"
        )
        self._number_lines()

    def _unique_keys(self) -> list[tuple[str, ...]]:
        keys: list[tuple[str, ...]] = [(column.name,) for column in self._contract.columns if column.unique]
        if self._contract.identifiers and self._contract.identifiers not in keys:
            keys.append(self._contract.identifiers)
        return keys

    def _collect_duplicates(self, names: Sequence[str]) -> None:
        """All but the first of the good rows that share these values."""
        key = ", ".join(identifier(name) for name in names)
        values = ", ".join(f"CAST({identifier(name)} AS VARCHAR)" for name in names)
        self.ask(
            f"CREATE OR REPLACE TEMP TABLE again AS SELECT greenlight_row AS row, "
            f"left(concat_ws(', ', {values}), 200) AS value FROM staging WHERE greenlight_violations IS NULL "
            f"AND ({key}) IN (SELECT ({key}) FROM staging WHERE greenlight_violations IS NULL "
            f"GROUP BY {key} HAVING count(*) > 1) "
            f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY greenlight_row) > 1"
        )
        self.ask(f"INSERT INTO broken SELECT row, 0, {literal(', '.join(names))}, 'unique', value FROM again")
        self.ask("INSERT INTO duplicates SELECT row FROM again")

    def _number_lines(self) -> None:
        """Give every violation its line in the file."""
        malformed = [line for (line,) in self.ask("SELECT DISTINCT line FROM broken WHERE row = 0")]
        if self._arrival.counts_lines_simply and not malformed:
            self.ask("UPDATE broken SET line = row + 1 WHERE row > 0")
            return
        rows = [row for (row,) in self.ask("SELECT DISTINCT row FROM broken WHERE row > 0")]
        if not rows:
            return
        found = lines_of_rows(self._arrival.path, rows, malformed)
        self._connection.execute("CREATE TEMP TABLE lines (row BIGINT, line BIGINT)")
        self._connection.execute(
            "INSERT INTO lines SELECT unnest($rows), unnest($lines)",
            {"rows": list(found), "lines": list(found.values())},
        )
        self.ask("UPDATE broken SET line = lines.line FROM lines WHERE broken.row = lines.row")

    def violations(self) -> list[Violation]:
        """Grouped by column and rule, most frequent first."""
        found = self.ask(
            'SELECT "column", rule, arg_min(value, line), min(line), count(*) FROM broken '
            'GROUP BY "column", rule ORDER BY count(*) DESC, "column", rule'
        )
        return [
            Violation(column=column, rule=rule, value=value or "", line=line, count=count)
            for column, rule, value, line, count in found
        ]

    def counts(self) -> tuple[int, int]:
        """(rows in the file, rows among them that break a rule)."""
        ((rows,),) = self.ask("SELECT count(*) FROM staging")
        ((bad, malformed),) = self.ask(
            "SELECT count(DISTINCT row) FILTER (row > 0), count(*) FILTER (row = 0) FROM broken"
        )
        return rows + malformed, bad + malformed

    def write(self, where: str, path: Path) -> int:
        """Write the contract's columns of the good rows that meet `where`; returns their number."""
        columns = ", ".join(identifier(column.name) for column in self._contract.columns)
        query = f"SELECT {columns} FROM staging WHERE {GOOD} AND {where}"
        ((count,),) = self.ask(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")
        return int(count)

    def write_quarantine(self, path: Path) -> None:
        query = 'SELECT line, "column", rule, value FROM broken ORDER BY line, "column", rule'
        self.ask(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")
