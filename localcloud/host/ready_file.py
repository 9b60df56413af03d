"""The file by which a program learns that a cloud can be used, and how: `up --ready-file PATH`.

It holds JSON: `endpoint_url`, `environment` (the variables of an administrator of the account), `stacks` (the
outputs by stack), `outputs` (those of all stacks), `speed`, `pid` and `log`. Its mode is 600, because the
keys are real; it appears whole, and is gone when the cloud is.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ready:
    """What the file says."""

    endpoint_url: str
    environment: Mapping[str, str]
    stacks: Mapping[str, Mapping[str, str]]
    speed: float
    pid: int
    log: str

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs of all stacks, by name."""
        return {name: value for outputs in self.stacks.values() for name, value in outputs.items()}

    def write(self, path: Path) -> None:
        """Write the file at once: whoever sees it sees all of it."""
        draft = path.with_name(f".{path.name}.{self.pid}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            os.fchmod(file.fileno(), 0o600)
            json.dump({**asdict(self), "outputs": self.outputs}, file, indent=2)
        os.replace(draft, path)

    @classmethod
    def read(cls, path: Path) -> Ready:
        """Read what `write` wrote."""
        document = json.loads(path.read_text())
        del document["outputs"]
        return cls(**document)


@contextlib.contextmanager
def kept_while_running(path: Path | None) -> Iterator[None]:
    """Without the file before and after: one of an earlier cloud would name keys and a port of the past."""
    if path is None:
        yield
        return
    path.unlink(missing_ok=True)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
