"""An uploaded file, whatever its form, as a table of texts in DuckDB's SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.dataset import DatasetContract
from lambdas.datasets.checks.faults import DatasetRejected, Fault
from lambdas.datasets.checks.spelled import ANY_BYTES, Odd
from lambdas.datasets.quoting import identifier, literal
from lambdas.datasets.upload.arrival import Arrival
from lambdas.datasets.upload.formats import PARQUET
from lambdas.datasets.upload.layout import header_names
from lambdas.datasets.upload.scanning import MAX_LINE_BYTES

MAX_MALFORMED = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Source:
    """`rows` leaves malformed rows out; `listing`, to be read once, puts them into reject_errors as well.

    `odd` is as `spelled` has it, by column. `has_lines` tells a text, whose rows stand on lines and can be
    malformed, from a file of columns.
    """

    names: tuple[str, ...]
    rows: str
    listing: str
    has_lines: bool
    odd: Mapping[str, Odd]


def source_of(arrival: Arrival, contract: DatasetContract) -> Source:
    """Raises DatasetRejected where a Parquet file is none."""
    return _parquet(arrival, contract) if arrival.kind == PARQUET else _csv(arrival, contract)


def _csv(arrival: Arrival, contract: DatasetContract) -> Source:
    names = header_names(arrival.head.split(b"\n", 1)[0], contract)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    read = (
        f"read_csv({literal(str(arrival.path))}, columns = {{{columns}}}, auto_detect = false, "
        f"header = true, delim = {literal(contract.reading.delimiter)}, quote = '\"', escape = '\"', "
        # A record of several lines may lie across the places where DuckDB's threads begin.
        f"new_line = '\\n', parallel = {'false' if len(arrival.account.continued) else 'true'}, "
        f"max_line_size = {2 * MAX_LINE_BYTES}, "
    )
    return Source(
        names=tuple(names),
        rows=read + "ignore_errors = true)",
        listing=read + f"store_rejects = true, rejects_limit = {MAX_MALFORMED})",
        has_lines=True,
        odd=dict.fromkeys(names, arrival.odd),
    )


def _parquet(arrival: Arrival, contract: DatasetContract) -> Source:
    schema = parquet_schema(arrival)
    texts = ", ".join(_as_text(field, contract.reading.decimal) for field in schema)
    rows = f"(SELECT {texts} FROM read_parquet({literal(str(arrival.path))}))"  # noqa: S608 - quoted names
    odd = {field.name: ANY_BYTES if _is_text(field.type) else frozenset() for field in schema}
    return Source(names=tuple(schema.names), rows=rows, listing=rows, has_lines=False, odd=odd)


def parquet_schema(arrival: Arrival) -> pa.Schema:
    try:
        return pq.read_schema(arrival.path)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0][:200]
        detail = f"the file is no Parquet file: {reason}"
        raise DatasetRejected([Fault(rule="format", detail=detail)]) from error


def _is_text(kind: pa.DataType) -> bool:
    """Whether anything may stand in a value; DuckDB itself writes the texts of the others."""
    return not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_temporal(kind))


def _as_text(field: pa.Field, decimal: str) -> str:
    """A text as a CSV would hold it: nothing where a value is missing, for which pandas writes NaN."""
    name = identifier(field.name)
    value = f"CASE WHEN isnan({name}) THEN NULL ELSE {name} END" if pa.types.is_floating(field.type) else name
    if decimal != "." and (pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)):
        value = f"replace(CAST({value} AS VARCHAR), '.', {literal(decimal)})"
    return f"nullif(CAST({value} AS VARCHAR), '') AS {name}"
