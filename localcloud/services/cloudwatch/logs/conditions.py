"""Comparisons in filter patterns: `= "Put*"`, `>= 500`, `IS NULL`, joined by && and ||.

Syntax: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters".
"""

import json
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class PatternError(ValueError):
    """A filter pattern that cannot be read; the message says where."""


MISSING: Any = object()
"""What a selector finds where there is nothing."""

Lookup = Callable[[str], Any]
"""The value that a selector such as `$.user.id` or `status` has in one log event."""
Condition = Callable[[Lookup], bool]

_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_TOKEN = re.compile(
    r"\s*(?:(?P<text>\"(?:[^\"\\]|\\.)*\")|(?P<regex>%[^%]*%)"
    r"|(?P<sign>&&|\|\||!=|<=|>=|[=<>()])"
    r"|(?P<word>(?:\[[^\]]*\]|[^\s=!<>&|()\"\[\],{}])+))"
)


class Token(NamedTuple):
    """A word, sign, quoted text or regular expression of a pattern."""

    kind: str
    text: str


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a condition; PatternError at the first character that begins none."""
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise PatternError(f"unexpected '{text[at:].lstrip()[:10]}' in '{text}'")
        kind = str(match.lastgroup)
        yield Token(kind, match.group(kind))
        at = match.end()


def parse(text: str) -> Condition:
    """The condition that `text` spells."""
    parser = _Parser(text)
    condition = parser.alternatives()
    parser.expect_end()
    return condition


def number_in(value: Any) -> float | None:
    """A JSON number, or the number that a text spells; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return None


def as_text(value: Any) -> str | None:
    """How a scalar is written in a log; None for null, objects and lists, which no comparison matches."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, int | float) else None


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(tokens(text))
        self._at = 0

    def alternatives(self) -> Condition:
        parts = [self._conjunction()]
        while self._next_is("||"):
            parts.append(self._conjunction())
        return lambda lookup: any(part(lookup) for part in parts)

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise PatternError(f"unexpected '{self._tokens[self._at].text}' in '{self._text}'")

    def _conjunction(self) -> Condition:
        parts = [self._single()]
        while self._next_is("&&"):
            parts.append(self._single())
        return lambda lookup: all(part(lookup) for part in parts)

    def _single(self) -> Condition:
        if self._next_is("("):
            inner = self.alternatives()
            if not self._next_is(")"):
                raise PatternError(f"a ')' is missing in '{self._text}'")
            return inner
        selector = self._take("word").text
        sign = self._take()
        if sign.kind == "word":
            return self._spelled(selector, sign.text.upper())
        if sign.text in _ORDER:
            return _compared(selector, _ORDER[sign.text], self._number())
        if sign.text in ("=", "!="):
            return _equal(selector, self._take(), negate=sign.text == "!=")
        raise PatternError(f"'{sign.text}' is no comparison in '{self._text}'")

    def _spelled(self, selector: str, word: str) -> Condition:
        """IS NULL, IS TRUE, IS FALSE, NOT EXISTS, EXISTS."""
        if word == "EXISTS":
            return lambda lookup: lookup(selector) is not MISSING
        what = self._take("word").text.upper()
        if (word, what) == ("NOT", "EXISTS"):
            return lambda lookup: lookup(selector) is MISSING
        values = {"NULL": None, "TRUE": True, "FALSE": False}
        if word != "IS" or what not in values:
            raise PatternError(f"'{word} {what}' is no comparison in '{self._text}'")
        return lambda lookup: lookup(selector) is values[what]

    def _number(self) -> float:
        token = self._take()
        number = number_in(token.text)
        if number is None:
            raise PatternError(f"'{token.text}' is no number in '{self._text}'")
        return number

    def _next_is(self, sign: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == Token("sign", sign):
            self._at += 1
            return True
        return False

    def _take(self, kind: str | None = None) -> Token:
        if self._at >= len(self._tokens):
            raise PatternError(f"'{self._text}' ends too early")
        token = self._tokens[self._at]
        if kind is not None and token.kind != kind:
            raise PatternError(f"unexpected '{token.text}' in '{self._text}'")
        self._at += 1
        return token


def _compared(selector: str, order: Callable[[float, float], bool], limit: float) -> Condition:
    def holds(lookup: Lookup) -> bool:
        found = number_in(lookup(selector))
        return found is not None and order(found, limit)

    return holds


def _equal(selector: str, token: Token, negate: bool) -> Condition:
    """Equality of texts, with * as a wildcard, or of numbers; a missing or nested value never matches."""
    number = number_in(token.text) if token.kind == "word" else None
    pattern = _pattern(token)

    def holds(lookup: Lookup) -> bool:
        found = lookup(selector)
        text = None if found is MISSING else as_text(found)
        if text is None:
            return False
        if number is not None and (value := number_in(found)) is not None:
            return (value == number) != negate
        return bool(pattern(text)) != negate

    return holds


def _pattern(token: Token) -> Callable[[str], Any]:
    if token.kind == "regex":
        return compiled(token.text[1:-1]).search
    text = re.sub(r"\\(.)", r"\1", token.text[1:-1]) if token.kind == "text" else token.text
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL).fullmatch


def compiled(expression: str) -> re.Pattern[str]:
    """A regular expression between percent signs."""
    try:
        return re.compile(expression)
    except re.error as error:
        raise PatternError(f"%{expression}% is no regular expression: {error}") from None
