"""What one text may be, told from its letters alone: each value of a table gets exactly one spelling.

The expressions are RE2's, which DuckDB runs; blanks around a value are off before they see it.
"""

from __future__ import annotations

CODE = "digits after a zero"  # 01234: a code, such as a postal one, or a number all the same
INTEGER = "integer"
NUMBER = "number"
COMMA_NUMBER = "number with decimal comma"
COMMA_GROUPS = "number with commas between thousands"
COMMA_EITHER = "number with one comma"  # 1,234: a decimal comma, or one between thousands
POINT_GROUPS = "number with points between thousands"
SPACE_GROUPS = "number with blanks between thousands"
MONEY = "amount of money"
PERCENT = "percentage"
UNIT = "number with a unit"
BOOLEAN = "boolean"
DATE = "date"
OTHER_DATE = "date in another order"
TIMESTAMP = "timestamp"
OTHER_TIMESTAMP = "timestamp in another order"
CLOCK = "time of day"
INFINITE = "infinite number"
TEXT = "text"
MARKER = "marker of a missing value"
BLANK = "blank"

PLAIN_NUMBERS = (CODE, INTEGER, NUMBER)
FORMATTED_NUMBERS = (
    COMMA_NUMBER, COMMA_GROUPS, COMMA_EITHER, POINT_GROUPS, SPACE_GROUPS, MONEY, PERCENT,
)  # fmt: skip
NUMBERS = (*PLAIN_NUMBERS, *FORMATTED_NUMBERS, UNIT)
DATES = (DATE, OTHER_DATE)
TIMESTAMPS = (TIMESTAMP, OTHER_TIMESTAMP)

# Texts that people write where a value is missing, in lower case.
MARKERS = (
    "na", "n/a", "#n/a", "#na", "<na>", "n.a.", "nan", "-nan", "null", "none", "nil", "?", "-", "--", "---",
    ".", "..", "(null)", "\\n", "missing", "#value!", "#div/0!", "#ref!", "#name?", "#null!", "nat",
    "\u2013", "\u2014",
)  # fmt: skip
# Numbers that often stand for a missing one; only a person can say.
SENTINELS = (-9.0, -99.0, -999.0, -9999.0, -99999.0, 999.0, 9999.0, 99999.0, -1e30, 1e20)

_SIGN = "[+-]?"
_TIME = r"([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?)"
_ZONE = r"( ?(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2}))?"
_ISO = r"\d{4}-\d{1,2}-\d{1,2}"
_MONTH = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_OTHER = (
    rf"(\d{{4}}[/.]\d{{1,2}}[/.]\d{{1,2}}|\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{4}}|\d{{1,2}}[/-]\d{{1,2}}[/-]\d{{2}}"
    rf"|\d{{2}}\.\d{{2}}\.\d{{2}}"
    rf"|\d{{1,2}}[ -]{_MONTH}[ -]\d{{2,4}}|{_MONTH} \d{{1,2}},? \d{{4}})"
)
_CURRENCY = r"(\$|€|£|¥|₹|US\$|USD|EUR|GBP|CHF|JPY|R\$|kr)"
_AMOUNT = r"\d+([.,' \x{00A0}]\d+)*"

PATTERNS: tuple[tuple[str, str], ...] = (
    (CODE, r"0\d+"),
    (INTEGER, rf"{_SIGN}\d+"),
    (NUMBER, rf"{_SIGN}(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"),
    (COMMA_EITHER, rf"{_SIGN}[1-9]\d{{0,2}},\d{{3}}"),
    (COMMA_GROUPS, rf"{_SIGN}\d{{1,3}}(,\d{{3}})+(\.\d*)?|\(\d{{1,3}}(,\d{{3}})*(\.\d*)?\)"),
    (COMMA_NUMBER, rf"{_SIGN}(\d*,\d+|\d{{1,3}}(\.\d{{3}})+,\d+)([eE][+-]?\d+)?"),
    (POINT_GROUPS, rf"{_SIGN}\d{{1,3}}(\.\d{{3}}){{2,}}"),
    (SPACE_GROUPS, rf"{_SIGN}\d{{1,3}}([ '\x{{00A0}}\x{{2009}}\x{{202F}}]\d{{3}})+([.,]\d+)?"),
    (MONEY, rf"\(?{_SIGN}{_CURRENCY} ?{_SIGN}{_AMOUNT}\)?|{_SIGN}{_AMOUNT} ?{_CURRENCY}"),
    (PERCENT, rf"{_SIGN}\d+([.,]\d+)? ?%"),
    (DATE, r"\d{4}-\d{2}-\d{2}"),
    (TIMESTAMP, rf"{_ISO}{_TIME}{_ZONE}"),
    (OTHER_DATE, rf"{_ISO}|{_OTHER}"),
    (OTHER_TIMESTAMP, rf"{_OTHER},?{_TIME}{_ZONE}"),
    (BOOLEAN, r"(?i:true|false|yes|no|t|f|y|n|on|off)"),
    (CLOCK, r"\d{1,3}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?"),
    (INFINITE, rf"{_SIGN}(?i:inf|infinity)"),
    (UNIT, rf"{_SIGN}\d+([.,]\d+)? ?[\p{{L}}°/²³%]{{1,6}}"),
)


def spelling_sql(value: str) -> str:
    """SQL that gives the spelling of the SQL text `value`."""
    markers = ", ".join(_quoted(marker) for marker in MARKERS)
    tests = " ".join(
        f"WHEN regexp_full_match({value}, {_quoted(pattern)}) THEN {_quoted(name)}"
        for name, pattern in PATTERNS
    )
    return (
        f"CASE WHEN {value} = '' THEN {_quoted(BLANK)} WHEN lower({value}) IN ({markers}) "
        f"THEN {_quoted(MARKER)} {tests} ELSE {_quoted(TEXT)} END"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
