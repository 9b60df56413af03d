"""`make rehearse CONSOLE=1`: the console beside the rehearsal, as a process of its own that ends with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_END_SECONDS = 5.0


@contextmanager
def beside(cloud: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start it on any free port with the cloud's variables; it opens the browser itself."""
    process = subprocess.Popen(
        [sys.executable, "-m", "operations", "console", "--port", "0", "--stage", "dev"],
        env={**os.environ, **cloud},
        stdin=subprocess.DEVNULL,
        process_group=0,  # Ctrl-C is the rehearsal's, which ends this, too
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
