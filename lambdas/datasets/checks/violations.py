"""The rows that break a rule: which one, where in the file, and how many. Asked where there are any."""
# ruff: noqa: S608 - SQL is made of the contract's names, each quoted by `identifier` or `literal`

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contracts.dataset import DatasetContract
from lambdas.datasets.checks import rules
from lambdas.datasets.engine import Engine
from lambdas.datasets.quoting import identifier, literal
from lambdas.datasets.upload.account import Account
from lambdas.datasets.upload.arrival import Arrival
from lambdas.datasets.upload.lines import lines_of_bytes

_BYTES_OF_SHARE = 700_000_000  # whose values take half of the engine's memory, where rows are short
_PARQUET_GROWS = 4
_SHOWN_LENGTH = 200


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One rule broken by `count` rows, the first of them at `line` with `value`.

    A Parquet file has no lines: there it is the number of the row, from 1. `part` names the file that the
    first one stands in, of a dataset that has several.
    """

    column: str
    rule: str
    value: str
    line: int
    count: int
    part: str = ""

    def as_document(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "part" or value}


def find_duplicates(engine: Engine, contract: DatasetContract, size_bytes: int) -> int:
    """Fill the table duplicates (row, column, value): all but the first row that shares a unique value.

    The values are compared in their type; rows without one of them are told of as missing. The file is read
    once for each share of the values that fits memory, so that they need no scratch space.
    """
    engine.ask('CREATE OR REPLACE TEMP TABLE duplicates (row BIGINT, "column" VARCHAR, value VARCHAR)')
    shares = shares_of(size_bytes if engine.source.has_lines else _PARQUET_GROWS * size_bytes)
    for names in rules.unique_keys(contract):
        _collect(engine, contract, names, shares)
    ((count,),) = engine.ask("SELECT count(DISTINCT row) FROM duplicates")
    return int(count)


def shares_of(size_bytes: int) -> int:
    """An odd number: DuckDB's tables of hashes go by their last bits, which rows of one share must not have
    in common."""
    return 1 + 2 * (size_bytes // (2 * _BYTES_OF_SHARE))


def _collect(engine: Engine, contract: DatasetContract, names: Sequence[str], shares: int) -> None:
    typed = ", ".join(f"{rules.typed(contract.column(name))} AS k{i}" for i, name in enumerate(names))
    columns = ", ".join(f"k{i}" for i in range(len(names)))
    present = " AND ".join(f"k{i} IS NOT NULL" for i in range(len(names)))
    for share in range(shares):
        found = (
            f"SELECT {columns} FROM (SELECT {typed} FROM {engine.source.rows}) "
            f"WHERE {present} AND hash({columns}) % {shares} = {share} "
            f"GROUP BY {columns} HAVING count(*) > 1"
        )
        into = "INSERT INTO repeated" if share else "CREATE OR REPLACE TEMP TABLE repeated AS"
        engine.ask(f"{into} {found}")
    if engine.ask("SELECT 1 FROM repeated LIMIT 1"):
        engine.ask(
            f"INSERT INTO duplicates SELECT row, {literal(key_name(names))}, "
            f"left(concat_ws(', ', {columns}), 200) "
            f"FROM (SELECT row_number() OVER () AS row, {typed} FROM {engine.source.rows}) "
            f"WHERE ({columns}) IN (SELECT ({columns}) FROM repeated) "
            f"QUALIFY row_number() OVER (PARTITION BY {columns} ORDER BY row) > 1"
        )
    engine.ask("DROP TABLE repeated")


def key_name(names: Sequence[str]) -> str:
    """What stands for the columns of a unique key in messages and in quarantine."""
    return ", ".join(names)


def find_violations(engine: Engine, contract: DatasetContract, arrival: Arrival) -> list[Violation]:
    """Fill the table broken (row, line, column, rule, value); returns it grouped, most frequent first."""
    names = ", ".join(identifier(column.name) for column in contract.columns)
    engine.ask(
        "CREATE OR REPLACE TEMP TABLE broken AS SELECT row, 0::BIGINT AS line, "
        f"unnest({rules.violations(contract)}, recursive := true) FROM "
        f"(SELECT row_number() OVER () AS row, {names} FROM {engine.source.rows}) "
    )
    engine.ask("INSERT INTO broken SELECT row, 0, \"column\", 'unique', value FROM duplicates")
    if engine.source.has_lines:
        _add_malformed(engine)
        _number_lines(engine, arrival)
        _add_aside(engine, arrival.account)
    else:
        engine.ask("UPDATE broken SET line = row")
    found = engine.ask(
        'SELECT "column", rule, arg_min(value, line), min(line), count(*) FROM broken '
        'GROUP BY "column", rule ORDER BY count(*) DESC, "column", rule'
    )
    return [
        Violation(column=column, rule=rule, value=value or "", line=line, count=count)
        for column, rule, value, line, count in found
    ]


def _add_malformed(engine: Engine) -> None:
    """A malformed row has no number; the place of its first byte stands in for one, negated."""
    fields = len(engine.source.names)
    engine.ask(
        "INSERT INTO broken SELECT -line_byte_position::BIGINT, 0, '', 'csv', "
        "first(CASE error_type "
        f"WHEN 'TOO MANY COLUMNS' THEN 'it has more than the header''s {fields} fields' "
        f"WHEN 'MISSING COLUMNS' THEN 'it has fewer than the header''s {fields} fields' "
        f"ELSE 'its fields cannot be told apart' END || ': ' || left(trim(csv_line), {_SHOWN_LENGTH})) "
        "FROM reject_errors GROUP BY line_byte_position"
    )


def _add_aside(engine: Engine, account: Account) -> None:
    columns: dict[str, list[Any]] = {
        "line": [aside.line for aside in account.aside],
        "value": [f"{aside.reason}: {aside.text}" for aside in account.aside],
    }
    engine.ask("CREATE OR REPLACE TEMP TABLE aside (line BIGINT, value VARCHAR)")
    engine.insert("aside", columns)
    engine.ask("INSERT INTO broken SELECT 0, line, '', 'csv', value FROM aside")


def _number_lines(engine: Engine, arrival: Arrival) -> None:
    """Give every violation its line in the upload."""
    rows = np.array([row for (row,) in engine.ask("SELECT DISTINCT row FROM broken")], dtype=np.int64)
    malformed = lines_of_bytes(arrival.path, (-rows[rows < 0]).tolist())
    lines = np.empty_like(rows)
    lines[rows < 0] = arrival.account.lines_of_saved(malformed)
    lines[rows > 0] = arrival.account.lines_of_rows(rows[rows > 0], malformed)
    engine.ask("CREATE OR REPLACE TEMP TABLE lines (row BIGINT, line BIGINT)")
    engine.insert("lines", {"row": rows.tolist(), "line": lines.tolist()})
    engine.ask("UPDATE broken SET line = lines.line FROM lines WHERE broken.row = lines.row")


def write_quarantine(engine: Engine, path: Path, part: str | None = None) -> None:
    """Beside the line stands the part that it is of, in a dataset that has several."""
    of_part = f"{literal(part)} AS part, " if part is not None else ""
    query = f'SELECT {of_part}line, "column", rule, value FROM broken ORDER BY line, "column", rule'
    engine.ask(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")


def no_violations(engine: Engine) -> list[Violation]:
    """The table broken without a row, where every row is good."""
    engine.ask(
        'CREATE OR REPLACE TEMP TABLE broken (row BIGINT, line BIGINT, "column" VARCHAR, rule VARCHAR, '
        "value VARCHAR)"
    )
    return []
