"""Filter patterns: terms, `{ $.json = "conditions" }` and `[space, delimited, fields]`.

Syntax: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters".
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from localcloud.services.cloudwatch.logs.conditions import (
    MISSING,
    Condition,
    Lookup,
    PatternError,
    compiled,
    parse,
)

Matcher = Callable[[str], Lookup | None]
"""Given a message: how to look values up in it, or None if the pattern does not match."""

_TERM = re.compile(r"\s*([-?]?)(?:\"((?:[^\"\\]|\\.)*)\"|%([^%]*)%|([^\s\"]+))")
_STEP = re.compile(r"\.([A-Za-z0-9_\-@#:/]+)|\[(\d+)\]|\[(?:\"([^\"]+)\"|'([^']+)')\]")
_FIELD = re.compile(r"\[([^\]]*)\]|\"([^\"]*)\"|(\S+)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@lru_cache(maxsize=1024)
def matcher(pattern: str) -> Matcher:
    """How to match messages against a pattern; PatternError if it is none."""
    text = pattern.strip()
    if text.startswith("{"):
        return _json_matcher(text)
    if text.startswith("["):
        return _fields_matcher(text)
    return _terms_matcher(text)


def _nothing(selector: str) -> Any:
    return MISSING


def _terms_matcher(text: str) -> Matcher:
    """All plain terms, none with a minus; of terms with a question mark any, if there are no others."""
    terms: dict[str, list[Callable[[str], bool]]] = {"": [], "?": [], "-": []}
    at = 0
    while text[at:].strip():
        match = _TERM.match(text, at)
        if match is None:
            raise PatternError(f"unexpected '{text[at:].lstrip()[:10]}' in '{text}'")
        sign, quoted, regex, word = match.groups()
        terms[sign].append(_term(quoted, regex, word))
        at = match.end()

    def match_terms(message: str) -> Lookup | None:
        wanted = all(has(message) for has in terms[""])
        if terms["?"] and not terms[""]:
            wanted = any(has(message) for has in terms["?"])
        return _nothing if wanted and not any(has(message) for has in terms["-"]) else None

    return match_terms


def _term(quoted: str | None, regex: str | None, word: str | None) -> Callable[[str], bool]:
    if regex is not None:
        expression = compiled(regex)
        return lambda message: expression.search(message) is not None
    wanted = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else word or ""
    return lambda message: wanted in message


def _json_matcher(text: str) -> Matcher:
    if not text.endswith("}"):
        raise PatternError(f"a '}}' is missing in '{text}'")
    condition = parse(text[1:-1])

    def match(message: str) -> Lookup | None:
        document = json_document(message)
        if document is None:
            return None
        lookup = selector_in(document)
        return lookup if condition(lookup) else None

    return match


def json_document(message: str) -> Any:
    """The JSON object or list that a message is; None if it is none."""
    if not message.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(message)
    except ValueError:
        return None


def selector_in(document: Any) -> Lookup:
    """Looks up `$.user.ids[0]` in a JSON document."""

    def lookup(selector: str) -> Any:
        found = document
        for step in _steps(selector):
            if isinstance(step, int):
                found = found[step] if isinstance(found, list) and step < len(found) else MISSING
            else:
                found = found.get(step, MISSING) if isinstance(found, Mapping) else MISSING
        return found

    return lookup


@lru_cache(maxsize=1024)
def _steps(selector: str) -> tuple[str | int, ...]:
    steps: list[str | int] = []
    at = 1
    while selector.startswith("$") and at < len(selector):
        match = _STEP.match(selector, at)
        if match is None:
            break
        name, index, double, single = match.groups()
        steps.append(int(index) if index is not None else name or double or single)
        at = match.end()
    if at != len(selector) or not steps:
        raise PatternError(f"'{selector}' is no selector such as $.user.id")
    return tuple(steps)


def _fields_matcher(text: str) -> Matcher:
    if not text.endswith("]"):
        raise PatternError(f"a ']' is missing in '{text}'")
    fields = [_field(spec.strip(), number) for number, spec in enumerate(text[1:-1].split(","), 1)]
    names = [name for name, _ in fields]
    if names.count("...") > 1:
        raise PatternError(f"'{text}' has more than one '...'")

    def match(message: str) -> Lookup | None:
        values = _aligned(names, [next(filter(None, found), "") for found in _FIELD.findall(message)])
        if values is None:
            return None
        lookup = _named(dict(zip(names, values, strict=True)))
        return lookup if all(condition is None or condition(lookup) for _, condition in fields) else None

    return match


def _field(spec: str, number: int) -> tuple[str, Condition | None]:
    """A field's name and its condition, as in `status = 4* && status != 404`."""
    if spec == "...":
        return spec, None
    if spec == "":
        return str(number), None
    name = _NAME.match(spec)
    if name is None:
        raise PatternError(f"'{spec}' does not begin with a field's name")
    return name.group(), None if name.group() == spec else parse(spec)


def _aligned(names: list[str], values: list[str]) -> list[str] | None:
    """One value for each name; `...` stands for any number of values. None if the numbers differ."""
    if "..." not in names:
        return values if len(values) == len(names) else None
    skipped = len(values) - (len(names) - 1)
    if skipped < 0:
        return None
    at = names.index("...")
    return [*values[:at], "", *values[at + skipped :]]


def _named(values: Mapping[str, str]) -> Lookup:
    return lambda selector: values.get(selector.removeprefix("$"), MISSING)
