"""Steady traffic on the endpoint, by a client that does not retry."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Traffic:
    """Sends `requests_per_second` until stopped and counts what came back."""

    runtime: Any
    endpoint_name: str
    body: bytes
    requests_per_second: float
    workers: int = 8
    sent: int = 0
    failed: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Traffic:
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _send(self) -> None:
        started, number = time.monotonic(), 0
        with ThreadPoolExecutor(self.workers) as pool:
            while not self._stop.is_set():
                pool.submit(self._request)
                number += 1
                due = started + number / self.requests_per_second
                self._stop.wait(max(0.0, due - time.monotonic()))

    def _request(self) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self.runtime.invoke_endpoint(
                EndpointName=self.endpoint_name, ContentType="text/csv", Body=self.body
            )
            answer["Body"].read()
            failed = 0
        except (BotoCoreError, ClientError):
            failed = 1
        with self._lock:
            self.sent += 1
            self.failed += failed
