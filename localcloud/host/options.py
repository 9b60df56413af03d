"""What a user may ask of `python -m localcloud up`, and where the cloud keeps its things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "111122223333"
REGION = "us-east-1"
DEFAULT_PORT = 4566
DEFAULT_SPEED = 30.0
READY = "# ready"
"""What the line begins with that `up` prints when the cloud can be used."""


@dataclass(frozen=True)
class Options:
    """`assembly` None synthesises app.py; `state` None forgets everything at the end."""

    port: int = DEFAULT_PORT
    state: Path | None = None
    speed: float = DEFAULT_SPEED
    assembly: Path | None = None
    stage: str = "dev"
    deploy: bool = True
    faults: Path | None = None
    until_stdin_closes: bool = False
    ready_file: Path | None = None
    """Where to write outputs and credentials once the cloud can be used; None for nowhere."""

    quotas: Sequence[tuple[str, int]] = ()
    """Instance types and how many instances of each the account's endpoints may have."""

    metric_delays: Sequence[tuple[str, float]] = ()
    """Namespaces, or `*`, and by how many cloud seconds their metrics are seen late."""

    def log_file(self, port: int) -> Path:
        """Everything that the services say; the terminal only shows what the user needs."""
        if self.state is not None:
            return self.state.absolute() / "cloud.log"
        return Path("build/localcloud").absolute() / f"cloud-{port}.log"
