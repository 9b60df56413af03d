"""Opens boto3 for one account and region; clients are made when they are used, and kept."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from operations.reading.errors import explained


@dataclass
class Clients:
    """Clients of one session, by service; any thread may ask."""

    session: Any
    _made: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, profile: str | None = None, region: str | None = None) -> Clients:
        """By the caller's own AWS configuration; raises NoAccessError where it has no such profile."""
        import boto3

        with explained():
            return cls(boto3.Session(profile_name=profile, region_name=region))

    @property
    def region(self) -> str:
        return str(self.session.region_name or "")

    @property
    def endpoint_url(self) -> str:
        """Where calls go if that is not AWS itself, else an empty text."""
        url = str(self("cloudformation").meta.endpoint_url)
        return "" if url.rstrip("/").endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")) else url

    def __call__(self, service: str) -> Any:
        from botocore.config import Config

        with self._lock, explained():
            if service not in self._made:
                options = Config(
                    connect_timeout=5,
                    read_timeout=30,
                    max_pool_connections=20,
                    retries={"mode": "standard", "total_max_attempts": 3},
                )
                self._made[service] = self.session.client(service, config=options)
            return self._made[service]


def pages(client: Any, operation: str, **request: Any) -> Any:
    """Every page of an answer, as far as it is read."""
    with explained():
        yield from client.get_paginator(operation).paginate(**request)
