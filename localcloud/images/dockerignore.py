"""Which files of a build context .dockerignore leaves out.

Source: https://docs.docker.com/build/concepts/context/#dockerignore-files (the last matching line decides).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ALWAYS = ("**/__pycache__", "**/*.pyc")
"""Left out whatever the file says: a byte-code cache must not change an image's digest."""


@dataclass(frozen=True)
class Ignore:
    """The rules of one .dockerignore, in order: (pattern, whether it leaves out)."""

    rules: tuple[tuple[re.Pattern[str], bool], ...]

    @classmethod
    def nothing(cls) -> Ignore:
        """Leaves nothing out."""
        return cls(())

    @classmethod
    def read(cls, context: Path, dockerfile: Path) -> Ignore:
        """The rules of DOCKERFILE.dockerignore, or without one of the context's .dockerignore."""
        own = dockerfile.with_name(dockerfile.name + ".dockerignore")
        path = own if own.is_file() else context / ".dockerignore"
        return cls.parse(path.read_text() if path.is_file() else "")

    @classmethod
    def parse(cls, text: str) -> Ignore:
        """Rules from the text of a .dockerignore."""
        lines = (line.strip() for line in text.splitlines())
        kept = [line for line in lines if line and not line.startswith("#")]
        rules = [(line.removeprefix("!"), not line.startswith("!")) for line in kept]
        every = [*rules, *((pattern, True) for pattern in ALWAYS)]
        return cls(tuple((_compiled(pattern), excludes) for pattern, excludes in every))

    def excludes(self, path: str) -> bool:
        """Whether the file at this path, relative to the context, is left out."""
        decision = False
        for pattern, excludes in self.rules:
            if pattern.match(path):
                decision = excludes
        return decision


def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern matches the path itself and everything below it."""
    text = pattern.strip("/")
    expression = ""
    position = 0
    while position < len(text):
        if text.startswith("**/", position):
            expression, position = expression + "(?:.*/)?", position + 3
        elif text.startswith("**", position):
            expression, position = expression + ".*", position + 2
        elif text[position] == "*":
            expression, position = expression + "[^/]*", position + 1
        elif text[position] == "?":
            expression, position = expression + "[^/]", position + 1
        else:
            expression, position = expression + re.escape(text[position]), position + 1
    return re.compile(expression + r"(?:/.*)?\Z")
