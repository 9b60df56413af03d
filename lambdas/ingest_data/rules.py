"""The contract's rules as SQL over a table of texts. Pure: it writes SQL and runs none.

A column's text is NULL where the field is empty. Names come from the contract, which the deployer writes;
nothing of the upload gets into the SQL.
"""
# ruff: noqa: S608 - SQL is made of the contract's names, each quoted by `identifier` or `literal`

from __future__ import annotations

from dataclasses import dataclass

from contracts.dataset import Column, DatasetContract

MAX_TEXT_LENGTH = 1000
_MAX_WHOLE = 2**53  # beyond it float64, and so every estimator, skips whole numbers
_SHOWN_VALUE = 200
_TYPES = {
    "number": "DOUBLE",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "category": "VARCHAR",
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`condition` is SQL that holds for a row that breaks the rule."""

    column: str
    name: str
    condition: str


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def typed(column: Column) -> str:
    """The column's value in its own type, or NULL where the text is none."""
    text = identifier(column.name)
    if column.type == "category":
        return text
    if column.type == "integer":
        return f"TRY_CAST(TRY_CAST({text} AS DOUBLE) AS BIGINT)"
    return f"TRY_CAST({text} AS {_TYPES[column.type]})"


def rules_of(column: Column) -> list[Rule]:
    """In the order in which they are told; most need not be checked on a value that is missing."""
    text = identifier(column.name)
    found = []
    if not column.nullable:
        found.append(("missing", f"{text} IS NULL"))
    if column.type == "category":
        found += _category_rules(column, text)
    else:
        found += _typed_rules(column, text)
    return [Rule(column=column.name, name=name, condition=condition) for name, condition in found]


def _typed_rules(column: Column, text: str) -> list[tuple[str, str]]:
    number = f"TRY_CAST({text} AS DOUBLE)"
    value = number if column.type == "integer" else typed(column)
    rules = [("type", f"({text} IS NOT NULL AND {value} IS NULL)")]
    if column.type in ("number", "integer"):
        rules.append(("finite", f"NOT isfinite({number})"))
    if column.type == "integer":
        rules.append(("type", f"({number} <> trunc({number}) OR abs({number}) > {_MAX_WHOLE})"))
    if column.type == "date":
        rules.append(("range", f"NOT ({value} BETWEEN DATE '0001-01-01' AND DATE '9999-12-30')"))
    if column.minimum is not None:
        rules.append(("min", f"{number} < {column.minimum!r}"))
    if column.maximum is not None:
        # DuckDB orders NaN above every number; `finite` has told of it already.
        rules.append(("max", f"({number} > {column.maximum!r} AND isfinite({number}))"))
    return rules


def _category_rules(column: Column, text: str) -> list[tuple[str, str]]:
    rules = [("length", f"length({text}) > {MAX_TEXT_LENGTH}")]
    if column.categories:
        allowed = ", ".join(literal(c) for c in column.categories)
        rules.append(("category", f"{text} NOT IN ({allowed})"))
    return rules


def explanation(column: Column, rule: str) -> str:
    """What the rule demands, for the message."""
    texts = {
        "missing": "a value is missing",
        "type": f"a value is no {column.type}",
        "finite": "a value is infinite or not a number",
        "range": "a date is outside the years 1 to 9999",
        "min": f"a value is below the minimum {column.minimum}",
        "max": f"a value is above the maximum {column.maximum}",
        "length": f"a text is longer than {MAX_TEXT_LENGTH:,} characters",
        "category": "a value is not among the contract's categories",
        "unique": "a value occurs more than once",
    }
    return texts[rule]


def staging_query(contract: DatasetContract, source: str) -> str:
    """Each row of `source` once, numbered from 1: its typed columns, its part, and what it violates.

    `violations` is NULL for a good row. `is_holdout` depends on the row's identity alone, so a row that
    comes again in another upload goes to the same side; the hash of typed values does not mind whether a
    number was written as 41 or 41.0.
    """
    rules = [rule for column in contract.columns for rule in rules_of(column)]
    bad = " OR ".join(f"coalesce({rule.condition}, false)" for rule in rules)
    columns = ", ".join(f"{typed(column)} AS {identifier(column.name)}" for column in contract.columns)
    return (
        f"SELECT row_number() OVER () AS greenlight_row, {columns}, "
        f"{holdout_condition(contract)} AS greenlight_holdout, "
        f"CASE WHEN {bad} THEN {_violations(rules)} END AS greenlight_violations FROM {source}"
    )


def _violations(rules: list[Rule]) -> str:
    entries = ", ".join(
        f"CASE WHEN {rule.condition} THEN struct_pack("
        f'"column" := {literal(rule.column)}, "rule" := {literal(rule.name)}, '
        f'"value" := left({identifier(rule.column)}, {_SHOWN_VALUE})) END'
        for rule in rules
    )
    return f"list_filter([{entries}], lambda found: found IS NOT NULL)"


def holdout_condition(contract: DatasetContract) -> str:
    """Whether a row belongs to the holdout, by DuckDB's hash of the values that identify it."""
    named = contract.identifiers or tuple(column.name for column in contract.columns)
    values = ", ".join(typed(contract.column(name)) for name in named)
    return f"hash({values}) % 10000 < {round(contract.holdout_share * 10_000)}"
