"""Container output on its way to CloudWatch Logs: lines are gathered and handed over a few times a second."""

from __future__ import annotations

import threading
from collections.abc import Callable

from localcloud.services.sagemaker.platform import Platform

FLUSH_SECONDS = 0.25


class LogStream:
    """One log stream. `write` may be called from any thread and never blocks on CloudWatch."""

    def __init__(
        self,
        platform: Platform,
        group: str,
        name: str,
        on_line: Callable[[str], None] | None = None,
        rewrite: Callable[[str], str] = lambda line: line,
    ) -> None:
        self._rewrite = rewrite
        self._platform = platform
        self._group = group
        self._name = name
        self._on_line = on_line
        self._lock = threading.Lock()
        self._lines: list[tuple[float, str]] = []
        self._timer: threading.Timer | None = None

    def write(self, line: str) -> None:
        """Take one line."""
        if self._on_line is not None:
            self._on_line(line)
        with self._lock:
            self._lines.append((self._platform.clock.now(), self._rewrite(line)))
            if self._timer is None:
                self._timer = threading.Timer(FLUSH_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Hand over what was gathered."""
        with self._lock:
            lines, self._lines = self._lines, []
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        if lines:
            self._platform.append_log(self._group, self._name, lines)
