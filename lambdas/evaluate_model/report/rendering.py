"""The templates of the page, by Jinja2: whatever they print is escaped, unless a template made it."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

MAX_TEXT = 300
# Categories of characters that draw nothing or turn the text around: control, format, surrogate, private use.
_INVISIBLE = {"Cc", "Cf", "Cs", "Co"}


def render(template: str, **values: Any) -> Markup:
    """The template of this name with the values; a value that it asks for in vain is an error."""
    # Safe: Markup is what a template made, and that escapes every value.
    return Markup(environment().get_template(f"{template}.html.j2").render(**values))  # noqa: S704


@cache
def environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        finalize=_finished,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _finished(value: object) -> object:
    """What is printed in place of a value, before it is escaped."""
    return value if isinstance(value, Markup) else "" if value is None else shown(value)


def shown(value: object, length: int = MAX_TEXT) -> str:
    """A value as readable text: what cannot be seen becomes its code point, and what is long is cut."""
    text = str(value)
    cut = text if len(text) <= length else f"{text[: length - 1]}…"
    return "".join(f"⟨U+{ord(c):04X}⟩" if unicodedata.category(c) in _INVISIBLE else c for c in cut)
