"""Completes the navigation: a page that mkdocs.yml does not name goes to the section of its folder. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Any

SECTIONS = {
    "": "Operations",
    "how-to": "How-to",
    "reference": "Reference",
    "performance": "Performance",
    "adr": "Decisions",
    "notebooks": "Notebooks",
}
Navigation = list[Any]


def completed(navigation: Navigation, pages: Iterable[str]) -> Navigation:
    """The navigation of mkdocs.yml with every page in it, in the order of their names."""
    known = set(listed(navigation))
    made = [dict(item) if isinstance(item, dict) else item for item in navigation]
    for page in sorted(set(pages) - known):
        section = SECTIONS[posixpath.dirname(page)]
        found = next((item for item in made if isinstance(item, dict) and section in item), None)
        if found is None:
            made.append({section: [page]})
        else:
            found[section] = [*found[section], page]
    return made


def listed(navigation: Any) -> list[str]:
    """Every page that is named, in order."""
    if isinstance(navigation, dict):
        return [page for below in navigation.values() for page in listed(below)]
    if isinstance(navigation, list):
        return [page for item in navigation for page in listed(item)]
    return [str(navigation)]
