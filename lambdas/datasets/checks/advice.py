"""What to do about a value that its column does not take. Pure: it tries what the contract could declare.

Advice turns no refused file into a wrong one: 2,500 is as likely two thousand five hundred as it is two and a
half, and only whoever wrote it knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contracts import spellings
from contracts.dataset import Column
from contracts.values import NUMERIC, Grammar, ValueRefusedError

_MARKERS = ("na", "n/a", "nan", "null", "none", "nil", "-", "--", "?", "#n/a", "#value!", ".", "missing")


def advice(column: Column, value: str) -> str:
    """Behind a semicolon, or nothing where no declaration would make a value of the text."""
    ways = list(_ways(column, value.strip(spellings.BLANKS)))
    return f"; {', or '.join(ways)}" if ways else ""


def _ways(column: Column, text: str) -> Iterator[str]:
    if text.lower() in _MARKERS:
        yield f"if it stands for a missing value, write missing = [{_quoted(text)}] into [dataset.reading]"
    elif column.type in NUMERIC:
        yield from _marks(column.grammar, text)
    elif column.type == "date" and _reads(replace(column.grammar, type="timestamp"), text):
        yield "a time of day belongs to a column of type timestamp"
    if column.type in ("date", "timestamp"):
        for order in spellings.DATE_ORDERS:
            if order != column.grammar.date_order and _reads(replace(column.grammar, date_order=order), text):
                yield f'if it is meant so, write date_order = "{order}" at the column'


def _marks(grammar: Grammar, text: str) -> Iterator[str]:
    """Every reading, of a text that has two."""
    for decimal in ".,":
        if decimal != grammar.decimal and _reads(replace(grammar, decimal=decimal, thousands=""), text):
            yield f"if {_quoted(decimal)} is the decimal mark, write {_key('decimal', decimal)}"
    for thousands in (",", ".", " ", "'"):
        for decimal in ".,".replace(thousands, ""):
            if thousands in text and _reads(replace(grammar, decimal=decimal, thousands=thousands), text):
                more = "" if decimal == grammar.decimal else f" and {_key('decimal', decimal)}"
                declared = _key("thousands", thousands) + more
                yield f"if {_quoted(thousands)} separates thousands, write {declared}"
                break


def _key(name: str, value: str) -> str:
    return f"{name} = {_quoted(value)} into [dataset.reading]"


def _reads(grammar: Grammar, text: str) -> bool:
    try:
        return grammar.read(text) is not None
    except ValueRefusedError:
        return False


def _quoted(text: str) -> str:
    return f'"{text}"'
