"""The contract's rules as SQL over a table of texts. Pure: it writes SQL and runs none.

A column's text is NULL where the field is empty. Names come from the contract, which the deployer writes;
nothing of the upload gets into the SQL.
"""
# ruff: noqa: S608 - SQL is made of the contract's names, each quoted by `identifier` or `literal`

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

from contracts.dataset import Column, DatasetContract
from contracts.values import LARGEST_WHOLE, MAX_LENGTH, NUMERIC
from lambdas.datasets.checks import spelled
from lambdas.datasets.quoting import identifier, literal

_SHOWN_VALUE = 200


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`condition` is SQL that holds for a row that breaks the rule."""

    column: str
    name: str
    condition: str


def typed(column: Column) -> str:
    """The column's value in its own type, or NULL where the text is none."""
    found = spelled.value(column)
    if column.type != "integer":
        return found
    return f"CASE WHEN {found} = trunc({found}) THEN TRY_CAST({found} AS BIGINT) END"


def checked(contract: DatasetContract, source: str, more: str = "", *, odd: Mapping[str, spelled.Odd]) -> str:
    """Rows with the contract's columns in their types, and greenlight_good.

    Texts are parsed in the inner query and judged in the outer one, so that each is parsed once. `more`
    names further columns of the source, to be handed on; `odd` is as `spelled` has it, by column.
    """
    columns = contract.columns
    parsed = [f"{spelled.value(c, odd=odd[c.name])} AS {identifier(c.name)}" for c in columns]
    parsed += [f"{identifier(c.name)} AS {_text_of(i)}" for i, c in enumerate(columns) if c.nullable]
    good = " AND ".join(
        _may_be_missing(column, _text_of(index), odd[column.name]) if column.nullable else _is_sound(column)
        for index, column in enumerate(columns)
    )
    typed_columns = ", ".join(f"{_in_type(c)} AS {identifier(c.name)}" for c in columns)
    rest = f", {more}" if more else ""
    return (
        f"SELECT {typed_columns}, coalesce({good}, false) AS greenlight_good{rest} "
        f"FROM (SELECT {', '.join(parsed)}{rest} FROM {source})"
    )


def _in_type(column: Column) -> str:
    name = identifier(column.name)
    return f"TRY_CAST({name} AS BIGINT)" if column.type == "integer" else name


def _text_of(index: int) -> str:
    return f"greenlight_text_{index}"


def _may_be_missing(column: Column, text: str, odd: spelled.Odd) -> str:
    """As `_is_sound`, and true for a missing value: only rows without a value look at their text again."""
    missing = spelled.missing(replace(column, name=text), odd=odd)
    return f"CASE WHEN {identifier(column.name)} IS NOT NULL THEN {_is_sound(column)} ELSE {missing} END"


def _is_sound(column: Column) -> str:
    """True for a parsed value that breaks no rule; false or NULL for any other. Every row pays for it, so it
    is short."""
    value = identifier(column.name)
    if column.type not in NUMERIC:
        return f"{value} IS NOT NULL"
    # NaN sorts above every number and the infinities at both ends, so bounds keep all of them out.
    low = column.minimum if column.minimum is not None else -sys.float_info.max
    high = column.maximum if column.maximum is not None else sys.float_info.max
    if column.type == "integer":
        low, high = max(low, -LARGEST_WHOLE), min(high, LARGEST_WHOLE)
        return f"({value} BETWEEN {low!r} AND {high!r} AND {value} = trunc({value}))"
    return f"{value} BETWEEN {low!r} AND {high!r}"


def rules_of(column: Column) -> list[Rule]:
    """Each rule by itself, in the order in which they are told; for the rows that are not good."""
    absent = spelled.missing(column)
    found = [] if column.nullable else [("missing", absent)]
    found += _rules_of_numbers(column, absent) if column.type in NUMERIC else _rules_of_others(column, absent)
    return [Rule(column=column.name, name=name, condition=condition) for name, condition in found]


def _rules_of_numbers(column: Column, absent: str) -> list[tuple[str, str]]:
    number, cast = spelled.value(column), f"TRY_CAST({identifier(column.name)} AS DOUBLE)"
    rules = [
        ("type", f"({number} IS NULL AND NOT {absent} AND coalesce(isfinite({cast}), true))"),
        ("finite", f"(NOT isfinite({cast}) AND NOT {absent})"),
    ]
    if column.type == "integer":
        whole = f"{number} = trunc({number}) AND abs({number}) <= {LARGEST_WHOLE}"
        rules.append(("type", f"(isfinite({number}) AND NOT ({whole}))"))
    if column.minimum is not None:
        rules.append(("min", f"(isfinite({number}) AND {number} < {column.minimum!r})"))
    if column.maximum is not None:
        rules.append(("max", f"(isfinite({number}) AND {number} > {column.maximum!r})"))
    return rules


def _rules_of_others(column: Column, absent: str) -> list[tuple[str, str]]:
    refused = f"({spelled.value(column)} IS NULL AND NOT {absent})"
    if column.type not in MAX_LENGTH:
        return [("type", refused)]
    if column.allowed:
        return [("category", refused)]
    long = f"length(trim({identifier(column.name)})) > {MAX_LENGTH[column.type]}"
    return [("length", f"({refused} AND {long})"), ("type", f"({refused} AND NOT {long})")]


def explanation(column: Column, rule: str) -> str:
    """What the rule found, for the message."""
    texts = {
        "missing": "a value is missing",
        "type": f"a value is no {column.type}",
        "finite": "a value is infinite or not a number",
        "min": f"a value is below the minimum {column.minimum}",
        "max": f"a value is above the maximum {column.maximum}",
        "length": f"a text is longer than {MAX_LENGTH.get(column.type, 0):,} characters",
        "category": "a value is not among the contract's categories",
        "unique": "a value occurs more than once",
    }
    return texts[rule]


def violations(contract: DatasetContract) -> str:
    """A list of (column, rule, value) structs: what a row breaks."""
    entries = ", ".join(
        f"CASE WHEN {rule.condition} THEN struct_pack("
        f'"column" := {literal(rule.column)}, "rule" := {literal(rule.name)}, '
        f'"value" := left({identifier(rule.column)}, {_SHOWN_VALUE})) END'
        for column in contract.columns
        for rule in rules_of(column)
    )
    return f"list_filter([{entries}], lambda found: found IS NOT NULL)"


def unique_keys(contract: DatasetContract) -> list[tuple[str, ...]]:
    """Columns whose values may occur once only: each unique one, and the identifiers together."""
    keys: list[tuple[str, ...]] = [(column.name,) for column in contract.columns if column.unique]
    if contract.identifiers and contract.identifiers not in keys:
        keys.append(contract.identifiers)
    return keys
