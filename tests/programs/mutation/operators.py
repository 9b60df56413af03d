"""The mistakes: each changes one node of a module's syntax tree and keeps the module importable in principle.

They are those of mutmut and cosmic-ray that apply to typed code: comparisons, boolean and arithmetic
operators, constants, conditions, returned values, statements, keyword arguments, loops. Prose is left alone
(docstrings, f-strings' text and strings with a space: messages), and so are annotations and what only a type
checker reads.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_SKIPPED_FIELDS = {"annotation", "returns", "type_comment", "type_params"}


@dataclass(frozen=True)
class Mutant:
    """One mistake: `place` counts the module's possible mistakes, `before` and `after` are the node's
    source."""

    path: str
    line: int
    scope: str
    operator: str
    before: str
    after: str
    repeat: int
    place: int

    @property
    def name(self) -> str:
        """The same for the same mistake in an edited file, as long as its function still has that code."""
        spelled = "\0".join((self.path, self.scope, self.operator, self.before, self.after, str(self.repeat)))
        return hashlib.sha256(spelled.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class _Change:
    """How to make one mistake in a tree: put `made` where the node is."""

    operator: str
    node: ast.AST
    made: ast.AST
    put: Callable[[ast.AST], None]
    scope: str


def mutants(path: str, source: str) -> list[Mutant]:
    """Every mistake in a module, in the order of its tree."""
    seen: dict[tuple[str, str, str, str], int] = {}
    found = []
    for place, change in enumerate(_changes(ast.parse(source))):
        before, after = (_shown(node) for node in (change.node, change.made))
        key = (change.scope, change.operator, before, after)
        seen[key] = seen.get(key, -1) + 1
        line = getattr(change.node, "lineno", 1)
        found.append(Mutant(path, line, change.scope, change.operator, before, after, seen[key], place))
    return found


def mutated(source: str, place: int) -> str:
    """The module with the mistake of that place made."""
    tree = ast.parse(source)
    for number, change in enumerate(_changes(tree)):
        if number == place:
            change.put(change.made)
            return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    raise IndexError(f"the module has no mistake number {place}")


def statement_of(source: str, line: int) -> range:
    """The lines from the beginning of the innermost statement up to a line of it: a tracer of lines sees a
    long expression at some of them alone."""
    begins = line
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno):
            begins = node.lineno if begins == line else max(begins, node.lineno)
    return range(begins, line + 1)


def _shown(node: ast.AST) -> str:
    text = ast.unparse(node) if not isinstance(node, ast.keyword) else f"{node.arg}={ast.unparse(node.value)}"
    return text if len(text) <= 100 else f"{text[:97]}..."


def _changes(tree: ast.Module) -> Iterator[_Change]:
    yield from _of_children(tree, "")


def _of_children(parent: ast.AST, scope: str) -> Iterator[_Change]:
    for field, value in ast.iter_fields(parent):
        if field in _SKIPPED_FIELDS:
            continue
        if isinstance(value, list):
            for index, child in enumerate(value):
                if isinstance(child, ast.AST) and not _is_docstring(parent, field, index):
                    yield from _of_node(child, _putter(value, index), scope)
        elif isinstance(value, ast.AST):
            yield from _of_node(value, _setter(parent, field), scope)


def _putter(where: list[ast.AST], index: int) -> Callable[[ast.AST], None]:
    return lambda made: where.__setitem__(index, made)


def _setter(parent: ast.AST, field: str) -> Callable[[ast.AST], None]:
    return lambda made: setattr(parent, field, made)


def _is_docstring(parent: ast.AST, field: str, index: int) -> bool:
    if field != "body" or not isinstance(
        parent, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    ):
        return False
    first = parent.body[index]
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)


def _of_node(node: ast.AST, put: Callable[[ast.AST], None], scope: str) -> Iterator[_Change]:
    if _is_for_types(node):
        return
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        scope = f"{scope}.{node.name}" if scope else node.name
    for operator, made in _made_of(node):
        yield _Change(operator, node, made, put, scope)
    if isinstance(node, ast.Call):
        yield from _keywords(node, put, scope)
    if isinstance(node, ast.JoinedStr):
        children = [part for part in node.values if isinstance(part, ast.FormattedValue)]
        for part in children:
            yield from _of_node(part.value, _setter(part, "value"), scope)
        return
    yield from _of_children(node, scope)


def _is_for_types(node: ast.AST) -> bool:
    """Imports, `if TYPE_CHECKING`, casts, aliases of types, overloads: nothing of it acts."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        return ast.unparse(node.value.func) in {"TypeVar", "NewType", "ParamSpec"}
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) == "cast"
    if isinstance(node, ast.FunctionDef):
        return any(ast.unparse(d) == "overload" for d in node.decorator_list)
    return False


def _keywords(call: ast.Call, put: Callable[[ast.AST], None], scope: str) -> Iterator[_Change]:
    for index, keyword in enumerate(call.keywords):
        if keyword.arg is None:
            continue
        less = copy.copy(call)
        less.keywords = [*call.keywords[:index], *call.keywords[index + 1 :]]
        yield _Change("argument left out", call, less, put, scope)


def _made_of(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Compare(ops=[op, *rest]) if type(op) in COMPARISONS:
            made = copy.copy(node)
            made.ops = [COMPARISONS[type(op)](), *rest]
            yield "comparison", made
        case ast.BoolOp(op=op):
            made_bool = copy.copy(node)
            made_bool.op = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield "and/or", made_bool
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in ARITHMETIC and not _is_types_union(node):
            made_arithmetic = copy.copy(node)
            made_arithmetic.op = ARITHMETIC[type(op)]()
            yield "arithmetic", made_arithmetic
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not taken off", operand
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield "sign taken off", operand
        case ast.Constant(value=value):
            yield from (("constant", ast.Constant(made)) for made in _other(value))
        case ast.If() | ast.While() | ast.IfExp():
            negated = copy.copy(node)
            negated.test = ast.UnaryOp(ast.Not(), node.test)
            yield "condition negated", negated
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield "nothing returned", ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield "statement left out", ast.Pass()
        case ast.Raise(exc=ast.expr()):
            yield "statement left out", ast.Pass()
        case ast.Assign(value=value) if not _is_none(value):
            unset = copy.copy(node)
            unset.value = ast.Constant(None)
            yield "nothing assigned", unset
        case ast.Break():
            yield "break/continue", ast.Continue()
        case ast.Continue():
            yield "break/continue", ast.Break()
        case ast.For() | ast.AsyncFor():
            unlooped = copy.copy(node)
            unlooped.iter = ast.Tuple([], ast.Load())
            yield "loop left out", unlooped


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_types_union(node: ast.AST) -> bool:
    """`A | None` and the like, where they are values."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)):
        return False
    return any(
        (
            isinstance(side, ast.Name)
            and (side.id[:1].isupper() or side.id in {"int", "str", "float", "bytes", "bool"})
        )
        or isinstance(side, ast.Constant)
        or _is_types_union(side)
        for side in (node.left, node.right)
    )


def _other(value: object) -> Iterator[bool | int | float | str | bytes]:
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value + 1
        case str() if value and " " not in value and "\n" not in value:
            yield f"XX{value}XX"
        case bytes() if value:
            yield b"XX" + value


def unchanged(source: str) -> str:
    """The module as it is spelled when no mistake is made: what controls run."""
    return ast.unparse(ast.parse(source)) + "\n"
