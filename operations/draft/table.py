"""Loads a table of texts into DuckDB, whatever file it lies in, and says where its rows stand."""
# ruff: noqa: S608 - SQL is made of column numbers; paths and names are quoted

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from operations.draft.errors import DraftError
from operations.draft.form import Form, form_of
from operations.draft.opening import opened
from operations.draft.profile import ColumnProfile, profiles_of

_MAX_MALFORMED_SHARE = 0.01
_MAX_LINE_BYTES = 16_000_000


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file's columns as texts. `form` is None for Parquet, which has neither lines nor delimiters."""

    file: Path
    form: Form | None
    encoding: str
    columns: tuple[ColumnProfile, ...]
    rows: int
    engine: duckdb.DuckDBPyConnection
    row_is_line: bool

    def place(self, row: int) -> str:
        """Where a row (from 1) stands, for people: its line where the file has one line a row."""
        if self.form and self.row_is_line:
            return f"line {row + self.form.skip_lines + 1}"
        return f"row {row:,}"


@contextmanager
def table_of(file: Path) -> Iterator[Table]:
    """The table for as long as the context lasts; raises DraftError."""
    with opened(file) as text, duckdb.connect() as engine:
        if text.is_parquet:
            form, names = None, _load_parquet(engine, text.path, file)
        else:
            form = form_of(text.path, file)
            names = names_of(form)
            _load_csv(engine, text.path, form, len(names), file)
        columns = profiles_of(engine, names)
        if not columns[0].rows:
            raise DraftError(f"{file}: has a header and no rows")
        simple = form is not None and _lines(text.path) == columns[0].rows + form.skip_lines + 1
        yield Table(
            file=file,
            form=form,
            encoding=text.encoding,
            columns=tuple(columns),
            rows=columns[0].rows,
            engine=engine,
            row_is_line=simple,
        )


def names_of(form: Form) -> list[str]:
    """One name a field of a row, without the blanks around it; empty where the header gives none."""
    names = [name.strip() for name in form.header]
    return {"first": ["", *names], "last": [*names, ""]}.get(form.unnamed, names)


def _load_csv(engine: duckdb.DuckDBPyConnection, text: Path, form: Form, count: int, file: Path) -> None:
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(count))
    lines = form.skip_lines + 1
    try:
        engine.execute(
            "CREATE TABLE cells AS SELECT row_number() OVER () AS row, * FROM "
            f"read_csv({_quoted(str(text))}, columns = {{{columns}}}, "
            f"auto_detect = false, header = false, skip = {lines}, "
            f"delim = {_quoted(form.delimiter)}, quote = '\"', escape = '\"', strict_mode = true, "
            f"max_line_size = {_MAX_LINE_BYTES}, store_rejects = true, rejects_limit = 0)"
        )
    except duckdb.Error as error:
        reason = str(error).splitlines()[0][:200]
        raise DraftError(f"{file}: cannot be read as a table: {reason}") from error
    found = engine.execute(
        "SELECT line, csv_line, count(*) OVER () FROM (SELECT line, any_value(csv_line) AS csv_line "
        "FROM reject_errors GROUP BY line) ORDER BY line LIMIT 1"
    ).fetchall()
    ((rows,),) = engine.execute("SELECT count(*) FROM cells").fetchall()
    if found and found[0][2] > _MAX_MALFORMED_SHARE * (rows + found[0][2]):
        line, content, malformed = found[0]
        raise DraftError(
            f"{file}: {malformed:,} of {rows + malformed:,} rows have not the header's {count} fields, or a "
            f"quote that does not end; the first is line {line}: {str(content).strip()[:80]!r}. "
            "Mend or delete them"
        )


def _load_parquet(engine: duckdb.DuckDBPyConnection, path: Path, file: Path) -> list[str]:
    try:
        described = engine.execute(f"DESCRIBE SELECT * FROM read_parquet({_quoted(str(path))})").fetchall()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0][:200]
        raise DraftError(f"{file}: is no whole Parquet file: {reason}") from error
    nested = [
        name for name, kind, *_ in described if kind.endswith("]") or kind.startswith(("STRUCT", "MAP"))
    ]
    if nested:
        raise DraftError(
            f"{file}: column {nested[0]!r} holds lists or structures; write each part as a column of its own"
        )
    values = ", ".join(f"{_as_text(name, kind)} AS c{i}" for i, (name, kind, *_) in enumerate(described))
    engine.execute(
        f"CREATE TABLE cells AS SELECT row_number() OVER () AS row, {values} "
        f"FROM read_parquet({_quoted(str(path))})"
    )
    return [str(name) for name, *_ in described]


def _as_text(name: str, kind: str) -> str:
    """A text as a CSV would hold it: nothing where pandas writes NaN for a missing value."""
    value = '"' + name.replace('"', '""') + '"'
    if kind in ("DOUBLE", "FLOAT"):
        value = f"CASE WHEN isnan({value}) THEN NULL ELSE {value} END"
    return f"CAST({value} AS VARCHAR)"


def _lines(path: Path) -> int:
    count, last = 0, b"\n"
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 22):
            count, last = count + chunk.count(b"\n"), chunk[-1:]
    return count + (last != b"\n")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
