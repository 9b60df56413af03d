"""HTML and SVG out of elements; every text is escaped unless it was made here."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable

MAX_TEXT = 300
# Categories of characters that draw nothing or turn the text around: control, format, surrogate, private use.
_INVISIBLE = {"Cc", "Cf", "Cs", "Co"}
_VOID = {"br", "meta", "line", "rect"}


class Markup(str):
    """Text that is HTML already; nothing else is ever put into a page as it stands."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """One element. `class_` becomes `class`, `stroke_width` becomes `stroke-width`; None is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_attribute(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID and not children:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[object]) -> Markup:
    """The children one after another: markup as it is, lists opened up, everything else as escaped text."""
    parts = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, Markup):
            parts.append(str(child))
        elif isinstance(child, list | tuple):
            parts.append(str(join(child)))
        else:
            parts.append(html.escape(shown(child)))
    return Markup("".join(parts))


def shown(value: object, length: int = MAX_TEXT) -> str:
    """A value as readable text: what cannot be seen becomes its code point, and what is long is cut."""
    text = str(value)
    cut = text if len(text) <= length else f"{text[: length - 1]}…"
    return "".join(f"⟨U+{ord(c):04X}⟩" if unicodedata.category(c) in _INVISIBLE else c for c in cut)


def _attribute(value: object) -> str:
    """Numbers of a drawing need no more than a hundredth of a pixel."""
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return shown(value)
