"""Makes a mistake in modules that are imported already, by giving live functions the broken code.

What runs when a module is imported (constants, classes' bodies, defaults of parameters, decorators) cannot be
broken so: then the module has to be imported anew.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from types import CodeType, FunctionType

_CO_NEWLOCALS = 0x02  # set for functions, not for modules; classes' bodies lack CO_OPTIMIZED as well
_CO_OPTIMIZED = 0x01


def functions_of(objects: Iterable[object], root: str) -> dict[str, list[FunctionType]]:
    """File within the root → the functions among the objects that were compiled from it."""
    found: dict[str, list[FunctionType]] = {}
    for made in objects:
        if type(made) is FunctionType and root in made.__code__.co_filename:
            name = made.__code__.co_filename.rpartition(root)[2]
            found.setdefault(name, []).append(made)
    return found


def patch(live: Sequence[FunctionType], source: str, broken: str) -> bool:
    """Give every live function of a module its broken code; False where that does not do, and nothing is
    changed then."""
    loaded = compile(source, "module", "exec")
    before = compile(ast.unparse(ast.parse(source)), "module", "exec")
    after = compile(broken, "module", "exec")
    try:
        places = list(_changed(loaded, before, after))
    except _AtImportError:
        return False
    wanted = dict(places)
    chosen = [
        (made, wanted[key])
        for made in live
        if (key := (made.__code__.co_qualname, made.__code__.co_firstlineno)) in wanted
    ]
    if not chosen or any(len(made.__code__.co_freevars) != len(code.co_freevars) for made, code in chosen):
        return False
    for made, code in chosen:
        made.__code__ = code
    return True


class _AtImportError(Exception):
    """The mistake shows when the module is imported."""


def _changed(
    loaded: CodeType, before: CodeType, after: CodeType
) -> Iterator[tuple[tuple[str, int], CodeType]]:
    """Name and first line of each function whose code differs, with the new code."""
    if not _is_function(loaded) and _acts(before) != _acts(after):
        raise _AtImportError
    olds, befores, afters = (_nested(code) for code in (loaded, before, after))
    if not _is_function(loaded) and len(befores) != len(afters):
        raise _AtImportError
    for old, plain, broken in zip(olds, befores, afters, strict=False):
        if _is_function(old) and plain != broken:
            yield (old.co_qualname, old.co_firstlineno), broken
        yield from _changed(old, plain, broken)


def _is_function(code: CodeType) -> bool:
    return bool(code.co_flags & _CO_OPTIMIZED) and bool(code.co_flags & _CO_NEWLOCALS)


def _nested(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _acts(code: CodeType) -> tuple[object, ...]:
    """What a code does itself, whatever its functions do and wherever it stands."""
    constants = [
        "" if isinstance(constant, CodeType) else (type(constant), repr(constant))
        for constant in code.co_consts
    ]
    return code.co_code, tuple(constants), code.co_names, code.co_varnames
