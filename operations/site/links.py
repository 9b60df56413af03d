"""Turns links between files of the repository into links between pages of the site. Pure.

The files keep links that work where they lie. A page of the site that lies elsewhere gets another link; a
file that is no page is named and not linked, for the site does not know where its repository is.
"""

from __future__ import annotations

import posixpath
import re

# Files outside of docs/ that are pages of the site, and as which.
PAGES = {"README.md": "index.md", "step_functions/README.md": "pipeline.md"}
_FENCED = re.compile(r"(^[ ]*```.*?^[ ]*```)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)")


def page_of(path: str) -> str:
    """The page, from the root of the site, of a file of the repository; empty where it is none."""
    if path in PAGES:
        return PAGES[path]
    return (
        path.removeprefix("docs/")
        if path.startswith("docs/") and path.endswith((".md", ".svg", ".png"))
        else ""
    )


def rewritten(text: str, source: str) -> str:
    """The Markdown of the file `source` (from the root of the repository) as its page of the site has it."""

    def replace(found: re.Match[str]) -> str:
        target, _, anchor = found["target"].partition("#")
        if not target or "://" in found["target"] or target.startswith(("mailto:", "data:")):
            return found[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        page = page_of(path)
        if not page:
            return found["text"] if f"`{path}`" in found["text"] else f"{found['text']} (`{path}`)"
        start = posixpath.dirname(page_of(source)) or "."
        link = posixpath.relpath(page, start)
        return f"[{found['text']}]({link}{'#' + anchor if anchor else ''})"

    parts = _FENCED.split(text)  # what stands between fences is every other part
    return "".join(part if index % 2 else _LINK.sub(replace, part) for index, part in enumerate(parts))
