"""What is different between two models: data, parameters, metrics, slices. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One key that differs, by its path; None where a model has no such key."""

    part: str
    key: str
    before: object
    after: object


def of(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> tuple[Difference, ...]:
    """Every leaf of the parts that differs, in the order of the keys."""
    return tuple(
        Difference(part=part, key=key, before=old.get(key), after=new.get(key))
        for part in dict.fromkeys([*before, *after])
        for old, new in [(_leaves(before.get(part, {})), _leaves(after.get(part, {})))]
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
    )


def _leaves(value: object, path: str = "") -> dict[str, object]:
    """Every leaf by its path: tables by key, items of lists by their name where they have one."""
    if isinstance(value, Mapping):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping | list) for item in value):
        items = [(_item_name(item, number), item) for number, item in enumerate(value)]
    else:
        return {path: value}
    return {
        leaf: found
        for key, item in items
        for leaf, found in _leaves(item, f"{path}.{key}" if path else key).items()
    }


def _item_name(item: object, number: int) -> str:
    if isinstance(item, Mapping):
        for key in ("name", "value", "slice", "check", "column"):
            if isinstance(item.get(key), str):
                return str(item[key])
    return str(number)
