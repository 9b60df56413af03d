"""One shell for all blocks of a document: what one block defines, the next one uses, as in a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from tests.e2e.documents.blocks import Block

_DONE = "--- the block is done ---"


class BlockFailedError(Exception):
    """A command of a block failed; the message is what was said."""


class Shell:
    """bash in a folder; a block whose command fails ends it."""

    def __init__(self, folder: Path, environment: Mapping[str, str], preface: str) -> None:
        self._bash = subprocess.Popen(
            ["bash", "-eo", "pipefail"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        self.run(Block("preface", "", 0, preface))

    def run(self, block: Block) -> str:
        """What the block says; BlockFailedError when a command of it fails."""
        assert self._bash.stdin
        assert self._bash.stdout
        self._bash.stdin.write(f"{{\n{block.text}\n}} < /dev/null\nprintf '\\n%s\\n' '{_DONE}'\n")
        self._bash.stdin.flush()
        said: list[str] = []
        for line in self._bash.stdout:
            if line.strip() == _DONE:
                return "".join(said).removesuffix("\n")
            said.append(line)
        raise BlockFailedError(f"{block}: status {self._bash.wait()}\n{block.text}\n{''.join(said)[-4000:]}")

    def __enter__(self) -> Shell:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bash.poll() is None:
            os.killpg(self._bash.pid, signal.SIGKILL)
        for pipe in (self._bash.stdin, self._bash.stdout):
            if pipe:
                pipe.close()
        self._bash.wait()
