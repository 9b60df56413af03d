"""The grammar of values as SQL over a column of texts: the same texts, the same values. Pure.

`odd` are the bytes of ODD_BYTES and LINE_BYTES that the texts may hold. Of texts without them DuckDB's own
casts take no more than the grammar does. Every row pays for what is written here, and so only for bytes that
its file has.
"""

from __future__ import annotations

from contracts import spellings
from contracts.dataset import Column
from contracts.values import MAX_LENGTH, NUMERIC, Grammar, offset_minutes
from lambdas.datasets.quoting import identifier, literal

# DuckDB takes 1_000 for a number, and a vertical tab for a blank; trimming tabs as well takes it three times
# as long as trimming blanks alone.
ODD_BYTES = frozenset((b"_", b"\t", b"\v", b"\f"))
LINE_BYTES = frozenset((b"\0", b"\n", b"\r"))
ANY_BYTES = ODD_BYTES | LINE_BYTES
Odd = frozenset[bytes]
_FIRST_DAY = "DATE '0001-01-01'"
_TABBED = literal(spellings.BLANKS)


def value(column: Column, *, odd: Odd = ANY_BYTES) -> str:
    """The column's value in its own type, NULL where it is missing or its text is refused; an integer as a
    DOUBLE, whose fraction is still to be looked at."""
    text = identifier(column.name)
    if column.type in NUMERIC:
        return _number(text, column.grammar, odd)
    if column.type == "boolean":
        return _boolean(text, column.grammar, odd)
    if column.type == "date":
        return _date(text, column.grammar, odd)
    if column.type == "timestamp":
        return _timestamp(text, column.grammar, odd)
    return _category(text, column, odd)


def missing(column: Column, *, odd: Odd = ANY_BYTES) -> str:
    """Whether there is no value; never NULL."""
    text, grammar = identifier(column.name), column.grammar
    bare = _bare(text, odd)
    if not grammar.missing:
        return f"({text} IS NULL OR {bare} = '')"
    found = f"({text} IS NULL OR {_is_among(bare, ('', *grammar.missing))}"
    if not grammar.numeric_missing:
        return f"{found})"
    return f"{found} OR coalesce({_spelled_number(text, grammar, odd)} IN ({_numbers(grammar)}), false))"


def _bare(text: str, odd: Odd) -> str:
    """Without the ends' blanks and tabs: trimming without a list takes others for blanks, too."""
    return f"trim({text}, {_TABBED})" if b"\t" in odd else f"trim({text}, ' ')"


def _list(texts: tuple[str, ...]) -> str:
    return ", ".join(literal(text) for text in texts)


def _numbers(grammar: Grammar) -> str:
    return ", ".join(f"{number!r}::DOUBLE" for number in sorted(grammar.numeric_missing))


def _number(text: str, grammar: Grammar, odd: Odd) -> str:
    found = _spelled_number(text, grammar, odd)
    if not grammar.numeric_missing:
        return found
    return f"CASE WHEN {found} IN ({_numbers(grammar)}) THEN NULL ELSE {found} END"


def _spelled_number(text: str, grammar: Grammar, odd: Odd) -> str:
    marks = spellings.marks_of(grammar.decimal, grammar.thousands, grammar.unit)
    is_cast = not marks and not any(_is_cast(marker) for marker in grammar.missing)
    if is_cast and not odd:
        return f"TRY_CAST({text} AS DOUBLE)"
    pattern = spellings.number_pattern(grammar.decimal, grammar.thousands, grammar.unit)
    bare = plain = _bare(text, odd)
    for mark, instead in marks:
        plain = f"replace({plain}, {literal(mark)}, {literal(instead)})"
    spelled = f"WHEN regexp_full_match({bare}, {literal(pattern)}) THEN TRY_CAST({plain} AS DOUBLE) END"
    if is_cast:  # most texts hold none of the bytes, and a look for a byte costs a tenth of the pattern
        return f"CASE WHEN {_has_none(text, odd)} THEN TRY_CAST({text} AS DOUBLE) {spelled}"
    return f"CASE {spelled}"


def _has_none(text: str, marks: Odd) -> str:
    return " AND ".join(f"NOT contains({text}, chr({ord(mark)}))" for mark in sorted(marks))


def _is_cast(marker: str) -> bool:
    """Whether DuckDB takes a marker for a number that the grammar does not know: NaN, the infinities."""
    return marker.lstrip("+-").lower() in ("nan", "inf", "infinity")


def _boolean(text: str, grammar: Grammar, odd: Odd) -> str:
    """By the place of its word among all of them, those of truth first."""
    bare = _bare(text, odd)
    words = [word for word in spellings.TRUTH if word not in grammar.missing]
    words.sort(key=lambda word: not spellings.TRUTH[word])
    truths = sum(spellings.TRUTH[word] for word in words)
    found = f"enum_code({_as_enum(f'lower({bare})', tuple(words))}) < {truths}"
    if not grammar.missing:
        return f"({found})"
    return f"CASE WHEN {_is_among(bare, grammar.missing)} THEN NULL ELSE {found} END"


def _as_enum(text: str, words: tuple[str, ...]) -> str:
    """NULL for a text that is none of the words. An ENUM looks a text up by its hash; of a list DuckDB makes
    comparisons, or past some words a join, which takes megabytes."""
    return f"TRY_CAST({text} AS ENUM({_list(words)}))"


def _is_among(text: str, words: tuple[str, ...]) -> str:
    return f"({_as_enum(text, tuple(dict.fromkeys(words)))} IS NOT NULL)"


def _date(text: str, grammar: Grammar, odd: Odd) -> str:
    """What is written as DuckDB writes it is cast as it is. It writes a year 0 otherwise."""
    bare, (pattern, _) = _bare(text, odd), spellings.date_pattern(grammar.date_order)
    day = f"TRY_CAST({_day(bare, grammar)} AS DATE)"
    spelled = f"WHEN {_matches(bare, pattern)} AND {day} >= {_FIRST_DAY} THEN {day} END"
    if not _is_iso(grammar):
        return f"CASE {spelled}"
    day = f"TRY_CAST({text} AS DATE)"
    return f"CASE WHEN length({text}) = 10 AND CAST({day} AS VARCHAR) = {text} THEN {day} {spelled}"


def _is_iso(grammar: Grammar) -> bool:
    return grammar.date_order == spellings.DATE_ORDERS[0] and not grammar.missing


def _matches(bare: str, pattern: str) -> str:
    return f"regexp_full_match({bare}, {literal(pattern)})"


def _day(bare: str, grammar: Grammar) -> str:
    """year-month-day of a text that the pattern matches."""
    parts = grammar.date_order.split("-")
    into = "-".join(f"\\{parts.index(part) + 1}" for part in ("year", "month", "day"))
    three = literal("^([0-9]+)[-/.]([0-9]+)[-/.]([0-9]+).*$")
    return f"regexp_replace({bare}, {three}, {literal(into)})"


def _timestamp(text: str, grammar: Grammar, odd: Odd) -> str:
    """ISO 8601 without an offset is cast as it is; anything else is put together of its parts."""
    bare, (pattern, _) = _bare(text, odd), spellings.timestamp_pattern(grammar.date_order)
    east = offset_minutes(grammar.utc_offset)
    moment = (
        f"(TRY_CAST({_day(bare, grammar)} AS TIMESTAMP) "
        f"+ to_microseconds({_micros(bare)}) - to_minutes({_offset(bare, east)}))"
    )
    first, last = f"TIMESTAMP {_FIRST_DAY[5:]}", "TIMESTAMP '9999-12-31 23:59:59.999999'"
    spelled = f"WHEN {_matches(bare, pattern)} AND {moment} BETWEEN {first} AND {last} THEN {moment} END"
    if not _is_iso(grammar):
        return f"CASE {spelled}"
    zone = "Z?" if not east else ""
    time = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
    iso = f"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T]{time}{zone}"
    # An offset leads out of the years 1 to 9999 from the first and the last of them alone.
    within = f"{text} >= '0002' AND {text} < '9999'"
    moment = f"TRY_CAST({text} AS TIMESTAMP)" + (f" - to_minutes({east})" if east else "")
    return f"CASE WHEN {_matches(text, iso)} AND {within} THEN {moment} {spelled}"


def _part(bare: str, pattern: str) -> str:
    """What the pattern's one group holds, as a number; 0 where it is not there."""
    return f"coalesce(TRY_CAST(regexp_extract({bare}, {literal(pattern)}, 1) AS BIGINT), 0)"


def _micros(bare: str) -> str:
    hour, minute = _part(bare, "[ T]([0-9]+):"), _part(bare, "[ T][0-9]+:([0-9]+)")
    second = _part(bare, "[ T][0-9]+:[0-9]+:([0-9]+)")
    fraction = f"regexp_extract({bare}, {literal(':[0-9]+[.]([0-9]{1,6})')}, 1)"
    return (
        f"(({hour} * 60 + {minute}) * 60 + {second}) * 1000000 + TRY_CAST(rpad({fraction}, 6, '0') AS BIGINT)"
    )


def _offset(bare: str, default: int) -> str:
    """Minutes east of Greenwich."""
    sign = literal(":.*([+-])")
    hours, minutes = _part(bare, ":.*[+-]([0-9]{2})"), _part(bare, ":.*[+-][0-9]{2}:?([0-9]{2})")
    return (
        f"CASE WHEN {bare} LIKE '%Z' OR {bare} LIKE '%UTC' THEN 0 "
        f"WHEN regexp_extract({bare}, {sign}, 1) = '+' THEN {hours} * 60 + {minutes} "
        f"WHEN regexp_extract({bare}, {sign}, 1) = '-' THEN -({hours} * 60 + {minutes}) ELSE {default} END"
    )


def _category(text: str, column: Column, odd: Odd) -> str:
    """One that the contract declares, where it declares any; most are written as there."""
    bare = _bare(text, odd)
    allowed = tuple(name for name in column.allowed if name not in column.grammar.missing)
    if allowed:
        ways = (f"CAST({_as_enum(way, allowed)} AS VARCHAR)" for way in (text, bare))
        return f"coalesce({', '.join(ways)})"
    if column.type == "text" and b"\r" in odd:
        bare = _bare(f"replace(replace({text}, e'\\r\\n', e'\\n'), e'\\r', e'\\n')", odd)
    given = f"{bare} != ''"
    if column.grammar.missing:
        given += f" AND NOT {_is_among(bare, column.grammar.missing)}"
    given += f" AND length({bare}) <= {MAX_LENGTH[column.type]}"
    if refused := odd & (frozenset((b"\0",)) if column.type == "text" else LINE_BYTES):
        given += f" AND {_has_none(bare, refused)}"
    return f"CASE WHEN {given} THEN {bare} END"
