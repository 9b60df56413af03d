"""How numbers, dates and timestamps may be written, as patterns that Python's `re` and RE2 read alike.

RE2 is what DuckDB has, so ingestion asks the very same patterns in SQL. They are matched against a whole text
without blanks at its ends, and know ASCII digits only.
"""

from __future__ import annotations

import re

BLANKS = " \t"  # at the ends of a text; they mean nothing
DATE_ORDERS = ("year-month-day", "day-month-year", "month-day-year")
# What stands for one separator of thousands: people write several kinds of blanks and apostrophes.
THOUSANDS = {",": ",", ".": ".", " ": " \u00a0\u202f\u2009", "'": "'\u2019", "_": "_"}
TRUTH = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1", "1.0"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0", "0.0"), False),
}

_EXPONENT = "(?:[eE][+-]?[0-9]+)?"
PLAIN_NUMBER = rf"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+){_EXPONENT}"
_YEAR, _OTHER = "([0-9]{4})", "([0-9]{1,2})"
_TIME = r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,6})[0-9]{0,3})?)?"
_ZONE = r" ?(Z|UTC|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)"
_MIDNIGHT = r"(?:[ T]0?0:00(?::00(?:\.0{1,9})?)?)?"


def number_pattern(decimal: str, thousands: str, unit: str) -> str:
    """A number with its marks; the unit may stand before it or behind it, or be left out."""
    mark = re.escape(decimal)
    whole = "[0-9]+"
    if thousands:
        whole = f"(?:[0-9]{{1,3}}(?:[{re.escape(THOUSANDS[thousands])}][0-9]{{3}})+|[0-9]+)"
    digits = f"(?:{whole}(?:{mark}[0-9]*)?|{mark}[0-9]+){_EXPONENT}"
    if not unit:
        return f"[+-]?{digits}"
    name = re.escape(unit)
    before = f"(?:[+-]?{name}{_blanks()}|{name}{_blanks()}[+-]?)"
    return f"(?:{before}{digits}|[+-]?{digits}(?:{_blanks()}{name})?)"


def _blanks() -> str:
    return f"[{THOUSANDS[' ']}]*"


def marks_of(decimal: str, thousands: str, unit: str) -> list[tuple[str, str]]:
    """What to replace by what, in this order, to make a plain number of a text that the pattern matches."""
    gone = [unit] if unit else []
    gone += THOUSANDS.get(thousands, "")
    if unit:
        gone += THOUSANDS[" "]
    marks = [(mark, "") for mark in dict.fromkeys(gone)]
    return marks if decimal == "." else [*marks, (decimal, ".")]


def _date(order: str) -> tuple[str, dict[str, list[int]]]:
    """The pattern, and at which groups year, month and day may be: once for each separator."""
    parts = order.split("-")
    ways = []
    groups: dict[str, list[int]] = {"year": [], "month": [], "day": []}
    for separator in "-/.":
        start = sum(len(found) for found in groups.values()) + 1
        ways.append(re.escape(separator).join(_YEAR if part == "year" else _OTHER for part in parts))
        for place, part in enumerate(parts):
            groups[part].append(start + place)
    return f"(?:{'|'.join(ways)})", groups


def date_pattern(order: str) -> tuple[str, dict[str, list[int]]]:
    """A day, with midnight behind it or not, as pandas writes it."""
    pattern, groups = _date(order)
    return pattern + _MIDNIGHT, groups


def timestamp_pattern(order: str) -> tuple[str, dict[str, list[int]]]:
    """A day, and a time of it with a zone or without."""
    pattern, groups = _date(order)
    first = sum(len(found) for found in groups.values()) + 1
    names = ("hour", "minute", "second", "fraction", "zone")
    return (
        f"{pattern}(?:[ T]{_TIME}(?:{_ZONE})?)?",
        {**groups, **{name: [first + place] for place, name in enumerate(names)}},
    )
