"""How this package touches ministack: each symbol is declared, read when it is used, and known to the tests.

A seam stands for one module of ministack. Its attributes are the symbols that the embedded cloud may use or
replace, under names of their own; nothing else of the module can be reached. The module is imported with the
first use, because ministack reads its settings from the environment when it is imported.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType
from typing import Any, ClassVar


class Uses:
    """A symbol that is read or called."""

    is_replaced: ClassVar[bool] = False

    def __init__(self, name: str, *, takes: str | None = None, holds: str | None = None) -> None:
        self.name = name
        self.takes = takes
        """The parameters of a function, in order; None for what is no function."""
        self.holds = holds
        """The name of the type of what is no function; None for a function."""

    def __get__(self, seam: Seam | None, owner: type[Seam]) -> Any:
        return self if seam is None else getattr(seam.module(), self.name)

    def __set__(self, seam: Seam, value: Any) -> None:
        raise AttributeError(f"{seam.path}.{self.name} is declared as used, not as replaced")


class Replaces(Uses):
    """A symbol in whose place the embedded cloud puts something of its own."""

    is_replaced = True

    def __set__(self, seam: Seam, value: Any) -> None:
        setattr(seam.module(), self.name, value)


class Seam:
    """One module of ministack, as far as it is touched."""

    path: ClassVar[str]
    """The module's dotted name."""

    def module(self) -> ModuleType:
        """The module itself, for this package and its tests."""
        return importlib.import_module(self.path)

    @classmethod
    def symbols(cls) -> Iterator[Uses]:
        """Every symbol that is declared, in the order of declaration."""
        return (value for value in vars(cls).values() if isinstance(value, Uses))


def every_seam() -> list[type[Seam]]:
    """Each module that is touched; `localcloud.ministack_adapter` has to be imported before."""
    return sorted(Seam.__subclasses__(), key=lambda seam: seam.path)
