"""Reads a metric-math expression into a tree.

Syntax: CloudWatch User Guide, "Metric math syntax and functions". Functions are written in upper case, ids of
metrics and expressions begin with a lower-case letter.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple


class MathError(ValueError):
    """An expression that cannot be read or evaluated; the message says what and where."""


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Word:
    """A keyword such as REPEAT or DESC, or a function's name given as an argument."""

    name: str


@dataclass(frozen=True, slots=True)
class Reference:
    """The id of a metric or of another expression."""

    id: str


@dataclass(frozen=True, slots=True)
class Array:
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    operand: "Node"


@dataclass(frozen=True, slots=True)
class Operation:
    operator: str
    left: "Node"
    right: "Node"


Node = Number | Text | Word | Reference | Array | Call | Negation | Operation

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>()\[\],]))"
)
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("OR", "||"),
    ("AND", "&&"),
    ("==", "!=", "<=", ">=", "<", ">"),
    ("+", "-"),
    ("*", "/"),
)
_SPELLED = {"||": "OR", "&&": "AND"}
_MAX_DEPTH = 100


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


@lru_cache(maxsize=1024)
def parse(expression: str) -> Node:
    """The tree of an expression; MathError if it is not one."""
    return _Parser(expression).whole()


def references(node: Node) -> set[str]:
    """Every id that an expression names."""
    if isinstance(node, Reference):
        return {node.id}
    return set().union(*(references(child) for child in _children(node)))


def called(node: Node) -> set[str]:
    """Every function that an expression calls."""
    own = {node.name} if isinstance(node, Call) else set()
    return own.union(*(called(child) for child in _children(node)))


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Array(items):
            return items
        case Call(_, arguments):
            return arguments
        case Negation(operand):
            return (operand,)
        case Operation(_, left, right):
            return (left, right)
    return ()


class _Parser:
    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = list(_tokens(expression))
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._level(0)
        if self._peek().kind != "end":
            raise self._unexpected()
        return node

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        node = self._level(level + 1)
        while self._peek().text in _LEVELS[level] and self._peek().kind in ("sign", "name"):
            operator = self._take().text
            node = Operation(_SPELLED.get(operator, operator), node, self._level(level + 1))
        return node

    def _unary(self) -> Node:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise MathError("the expression is nested too deeply")
        try:
            if self._peek().text == "-":
                self._take()
                return Negation(self._unary())
            return self._power()
        finally:
            self._depth -= 1

    def _power(self) -> Node:
        base = self._primary()
        if self._peek().text == "^":
            self._take()
            return Operation("^", base, self._unary())
        return base

    def _primary(self) -> Node:
        token = self._take()
        if token.kind == "number":
            return Number(float(token.text))
        if token.kind == "text":
            return Text(token.text[1:-1])
        if token.kind == "name":
            return self._named(token)
        if token.text == "(":
            node = self._level(0)
            self._expect(")")
            return node
        if token.text == "[":
            return Array(self._list("]"))
        self._at -= 1
        raise self._unexpected()

    def _named(self, token: _Token) -> Node:
        if token.text[0].islower():
            return Reference(token.text)
        if self._peek().text == "(":
            self._take()
            return Call(token.text, self._list(")"))
        return Word(token.text)

    def _list(self, closing: str) -> tuple[Node, ...]:
        items: list[Node] = []
        if self._peek().text == closing:
            self._take()
            return ()
        while True:
            items.append(self._level(0))
            if self._peek().text != ",":
                self._expect(closing)
                return tuple(items)
            self._take()

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        elif self._at == len(self._tokens) - 1:
            raise self._unexpected()
        return token

    def _expect(self, sign: str) -> None:
        if self._peek().text != sign:
            raise self._unexpected()
        self._take()

    def _unexpected(self) -> MathError:
        token = self._peek()
        what = "the end" if token.kind == "end" else f"'{token.text}' at position {token.at}"
        return MathError(f"unexpected {what} in '{self._expression}'")


def _tokens(expression: str) -> Iterator[_Token]:
    at = 0
    while expression[at:].strip():
        match = _TOKEN.match(expression, at)
        if match is None:
            bad = len(expression) - len(expression[at:].lstrip())
            raise MathError(f"unexpected '{expression[bad]}' at position {bad} in '{expression}'")
        kind = str(match.lastgroup)
        yield _Token(kind, match.group(kind), match.start(kind))
        at = match.end()
    yield _Token("end", "", len(expression))
