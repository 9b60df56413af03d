"""The grammar of values as SQL over a column of texts: the same texts, the same values. Pure.

Each expression is written twice: `strict` holds for any text, and the shorter one for texts without the bytes
of ODD_BYTES, of which DuckDB's own casts take no more than the grammar does. Every row pays for what is
written here.
"""

from __future__ import annotations

from contracts import spellings
from contracts.dataset import Column
from contracts.values import MAX_LENGTH, NUMERIC, Grammar, offset_minutes
from lambdas.ingest_data.quoting import identifier, literal

# DuckDB takes 1_000 for a number, and a vertical tab for a blank; trimming tabs as well takes it three times
# as long as trimming blanks alone.
ODD_BYTES = (b"_", b"\t", b"\v", b"\f")
_FIRST_DAY, _LAST_DAY = "DATE '0001-01-01'", "DATE '9999-12-31'"
_TABBED = literal(spellings.BLANKS)


def value(column: Column, *, strict: bool = True) -> str:
    """The column's value in its own type, NULL where it is missing or its text is refused; an integer as a
    DOUBLE, whose fraction is still to be looked at."""
    text = identifier(column.name)
    if column.type in NUMERIC:
        return _number(text, column.grammar, strict)
    if column.type == "boolean":
        return _boolean(text, column.grammar)
    if column.type == "date":
        return _date(text, column.grammar)
    if column.type == "timestamp":
        return _timestamp(text, column.grammar)
    return _category(text, column, strict)


def missing(column: Column, *, strict: bool = True) -> str:
    """Whether there is no value; never NULL."""
    text, grammar = identifier(column.name), column.grammar
    bare = _bare(text, strict)
    if not grammar.missing:
        return f"({text} IS NULL OR {bare} = '')"
    found = f"({text} IS NULL OR {bare} IN ({_list(('', *grammar.missing))})"
    if not grammar.numeric_missing:
        return f"{found})"
    return f"{found} OR coalesce({_spelled_number(text, grammar, strict)} IN ({_numbers(grammar)}), false))"


def _bare(text: str, strict: bool) -> str:
    return f"trim({text}, {_TABBED})" if strict else f"trim({text})"


def _list(texts: tuple[str, ...]) -> str:
    return ", ".join(literal(text) for text in texts)


def _numbers(grammar: Grammar) -> str:
    return ", ".join(f"{number!r}::DOUBLE" for number in sorted(grammar.numeric_missing))


def _number(text: str, grammar: Grammar, strict: bool) -> str:
    found = _spelled_number(text, grammar, strict)
    if not grammar.numeric_missing:
        return found
    return f"CASE WHEN {found} IN ({_numbers(grammar)}) THEN NULL ELSE {found} END"


def _spelled_number(text: str, grammar: Grammar, strict: bool) -> str:
    marks = spellings.marks_of(grammar.decimal, grammar.thousands, grammar.unit)
    if not marks and not strict and not any(_is_cast(marker) for marker in grammar.missing):
        return f"TRY_CAST({text} AS DOUBLE)"
    pattern = spellings.number_pattern(grammar.decimal, grammar.thousands, grammar.unit)
    bare = plain = _bare(text, True)
    for mark, instead in marks:
        plain = f"replace({plain}, {literal(mark)}, {literal(instead)})"
    return f"CASE WHEN regexp_full_match({bare}, {literal(pattern)}) THEN TRY_CAST({plain} AS DOUBLE) END"


def _is_cast(marker: str) -> bool:
    """Whether DuckDB takes a marker for a number that the grammar does not know: NaN, the infinities."""
    return marker.lstrip("+-").lower() in ("nan", "inf", "infinity")


def _boolean(text: str, grammar: Grammar) -> str:
    """The spellings that programs write come first, and need no more."""
    bare = f"lower({_bare(text, True)})"
    yes, no = (
        _list(
            tuple(
                word
                for word, truth in spellings.TRUTH.items()
                if truth is wanted and word not in grammar.missing
            )
        )
        for wanted in (True, False)
    )
    if grammar.missing:
        marked = f"WHEN {_bare(text, True)} IN ({_list(grammar.missing)}) THEN NULL "
        return f"CASE {marked}WHEN {bare} IN ({yes}) THEN true WHEN {bare} IN ({no}) THEN false END"
    return (
        f"CASE WHEN {text} IN ('true', 'True', '1') THEN true "
        f"WHEN {text} IN ('false', 'False', '0') THEN false "
        f"WHEN {bare} IN ({yes}) THEN true WHEN {bare} IN ({no}) THEN false END"
    )


def _date(text: str, grammar: Grammar) -> str:
    pattern, _ = spellings.date_pattern(grammar.date_order)
    day = f"TRY_CAST({text} AS DATE)"
    spelled = f"CASE WHEN {_matches(text, pattern)} THEN TRY_CAST({_day(text, grammar)} AS DATE) END"
    if grammar.date_order == spellings.DATE_ORDERS[0] and not grammar.missing:
        spelled = f"CASE WHEN CAST({day} AS VARCHAR) = {text} THEN {day} ELSE {spelled} END"
    return f"CASE WHEN {spelled} BETWEEN {_FIRST_DAY} AND {_LAST_DAY} THEN {spelled} END"


def _matches(text: str, pattern: str) -> str:
    return f"regexp_full_match({_bare(text, True)}, {literal(pattern)})"


def _day(text: str, grammar: Grammar) -> str:
    """year-month-day of a text that the pattern matches."""
    parts = grammar.date_order.split("-")
    into = "-".join(f"\\{parts.index(part) + 1}" for part in ("year", "month", "day"))
    three = literal("^([0-9]+)[-/.]([0-9]+)[-/.]([0-9]+).*$")
    return f"regexp_replace({_bare(text, True)}, {three}, {literal(into)})"


def _timestamp(text: str, grammar: Grammar) -> str:
    """ISO 8601 without an offset is cast as it is; anything else is put together of its parts."""
    pattern, _ = spellings.timestamp_pattern(grammar.date_order)
    east = offset_minutes(grammar.utc_offset)
    spelled = (
        f"CASE WHEN {_matches(text, pattern)} THEN TRY_CAST({_day(text, grammar)} AS TIMESTAMP) "
        f"+ to_microseconds({_micros(text)}) - to_minutes({_offset(text, east)}) END"
    )
    if grammar.date_order == spellings.DATE_ORDERS[0] and not grammar.missing:
        zone = "Z?" if not east else ""
        time = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
        iso = f"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T]{time}{zone}"
        spelled = (
            f"CASE WHEN regexp_full_match({text}, {literal(iso)}) "
            f"THEN TRY_CAST({text} AS TIMESTAMP) - to_minutes({east}) ELSE {spelled} END"
        )
    first, last = f"TIMESTAMP {_FIRST_DAY[5:]}", "TIMESTAMP '9999-12-31 23:59:59.999999'"
    return f"CASE WHEN {spelled} BETWEEN {first} AND {last} THEN {spelled} END"


def _part(text: str, pattern: str) -> str:
    """What the pattern's one group holds, as a number; 0 where it is not there."""
    return f"coalesce(TRY_CAST(regexp_extract({_bare(text, True)}, {literal(pattern)}, 1) AS BIGINT), 0)"


def _micros(text: str) -> str:
    hour, minute = _part(text, "[ T]([0-9]+):"), _part(text, "[ T][0-9]+:([0-9]+)")
    second = _part(text, "[ T][0-9]+:[0-9]+:([0-9]+)")
    fraction = f"regexp_extract({_bare(text, True)}, {literal(':[0-9]+[.]([0-9]{1,6})')}, 1)"
    return (
        f"(({hour} * 60 + {minute}) * 60 + {second}) * 1000000 + TRY_CAST(rpad({fraction}, 6, '0') AS BIGINT)"
    )


def _offset(text: str, default: int) -> str:
    """Minutes east of Greenwich."""
    sign = literal(":.*([+-])")
    hours, minutes = _part(text, ":.*[+-]([0-9]{2})"), _part(text, ":.*[+-][0-9]{2}:?([0-9]{2})")
    bare = _bare(text, True)
    return (
        f"CASE WHEN {bare} LIKE '%Z' OR {bare} LIKE '%UTC' THEN 0 "
        f"WHEN regexp_extract({bare}, {sign}, 1) = '+' THEN {hours} * 60 + {minutes} "
        f"WHEN regexp_extract({bare}, {sign}, 1) = '-' THEN -({hours} * 60 + {minutes}) ELSE {default} END"
    )


def _category(text: str, column: Column, strict: bool) -> str:
    """One that the contract declares, where it declares any; most are written as there."""
    bare = _bare(text, strict)
    allowed = tuple(name for name in column.categories if name not in column.grammar.missing)
    if allowed:
        named = _list(allowed)
        return f"CASE WHEN {text} IN ({named}) THEN {text} WHEN {bare} IN ({named}) THEN {bare} END"
    if column.type == "text" and strict:
        bare = _bare(f"replace(replace({text}, e'\\r\\n', e'\\n'), e'\\r', e'\\n')", True)
    given = f"{bare} NOT IN ({_list(('', *column.grammar.missing))})"
    given += f" AND length({bare}) <= {MAX_LENGTH[column.type]}"
    if strict:
        marks = ["chr(0)"] if column.type == "text" else ["chr(0)", "chr(10)", "chr(13)"]
        given += "".join(f" AND NOT contains({bare}, {mark})" for mark in marks)
    return f"CASE WHEN {given} THEN {bare} END"
