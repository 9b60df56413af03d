"""Tells what uv downloads: one line that is redrawn on a terminal, a line for each package elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TextIO

_ANNOUNCED = re.compile(r"^\s*Downloading (?P<name>\S+) \((?P<size>[\d.]+)(?P<unit>[KMG]iB)\)")
_ARRIVED = re.compile(r"^\s*Downloaded (?P<name>\S+)")
_MEBIBYTES = {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}
_NOISE = re.compile(r"^( [+~-] |(Using Python|Resolved|Prepared|Installed|Uninstalled|Audited|Bytecode) )")


class Progress:
    """Follows uv's lines; what is neither news of a download nor routine is kept for an error's message."""

    def __init__(self, out: TextIO, *, is_terminal: bool) -> None:
        self._out, self._is_terminal = out, is_terminal
        self._sizes: dict[str, float] = {}
        self._done_mib = 0.0
        self.said: list[str] = []

    def follow(self, lines: Iterable[str]) -> None:
        """Read to the end."""
        for line in lines:
            self._take(line.rstrip("\n"))
        if self._is_terminal and self._done_mib:
            self._out.write("\n")
        self._out.flush()

    def _take(self, line: str) -> None:
        if announced := _ANNOUNCED.match(line):
            self._sizes[announced["name"]] = float(announced["size"]) * _MEBIBYTES[announced["unit"]]
        elif arrived := _ARRIVED.match(line):
            self._show(arrived["name"])
        elif line.strip() and not _NOISE.match(line):
            self.said.append(line)

    def _show(self, name: str) -> None:
        size = self._sizes.get(name, 0.0)
        self._done_mib += size
        text = f"  downloaded {self._done_mib:6.0f} of {sum(self._sizes.values()):.0f} MiB: {name}"
        self._out.write(f"\r{text:<78}" if self._is_terminal else f"{text}\n")
        self._out.flush()
