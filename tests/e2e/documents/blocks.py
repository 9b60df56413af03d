"""The code blocks of a document, in its order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One block of shell commands, and where it stands."""

    document: str
    heading: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line} ({self.heading})"


def shell_blocks(root: Path, document: str) -> list[Block]:
    """Every block that is marked `sh`."""
    text = (root / document).read_text()
    found = []
    for match in _FENCE.finditer(text):
        if match["language"] == "sh":
            before = text[: match.start()]
            heading = (_HEADING.findall(re.sub(_FENCE, "", before)) or [""])[-1]
            found.append(Block(document, heading, before.count("\n") + 2, match["text"]))
    return found
