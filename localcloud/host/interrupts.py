"""Ctrl-C while a program is still importing, or already ending: no traceback, nothing left half removed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it: 128 and the signal's number."""


@contextmanager
def quiet() -> Iterator[None]:
    """End the process at once on Ctrl-C, while imports take their second and nothing needs cleaning."""
    before = signal.signal(signal.SIGINT, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def ignore() -> None:
    """Let further Ctrl-C pass: for the end of a program, which then is not cut off."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _exit(number: int, frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)
