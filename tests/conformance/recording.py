"""Keeps what a cloud was asked and what it answered, without anything that belongs to an account.

A recording of AWS is what the embedded cloud is held to: tests/recordings/TEST.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_KEY = re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA|ANPA)[A-Z0-9]{12,}\b")
_UNIQUE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NAME = re.compile(r"greenlight-conformance-[0-9a-f]{12}")
_MAIL = re.compile(r"[\w.+-]+@(?!example\.)[\w-]+\.[\w.]+")
_DROPPED = frozenset({"ResponseMetadata", "SecretAccessKey", "SessionToken", "nextToken", "NextToken"})
_REPLACED = (
    (_ACCOUNT, "111122223333"),
    (_KEY, "KEYID"),
    (_UNIQUE, "00000000-0000-0000-0000-000000000000"),
    (_NAME, "greenlight-conformance-NAME"),
    (_MAIL, "someone@example.com"),
)


def scrubbed(value: Any) -> Any:
    """The value without account ids, keys, unique ids, addresses and times."""
    if isinstance(value, Mapping):
        return {scrubbed(name): scrubbed(part) for name, part in value.items() if name not in _DROPPED}
    if isinstance(value, (list, tuple)):
        return [scrubbed(part) for part in value]
    if isinstance(value, datetime):
        return "TIME"
    if isinstance(value, str):
        for pattern, placeholder in _REPLACED:
            value = pattern.sub(placeholder, value)
        return value
    return value if value is None or isinstance(value, (bool, int, float)) else f"<{type(value).__name__}>"


class Recorder:
    """Listens to a session's clients."""

    def __init__(self) -> None:
        self._calls: list[dict[str, Any]] = []

    def listen(self, client: Any) -> Any:
        """The client, whose every call is kept from now on."""
        service = client.meta.service_model.service_name
        events = client.meta.events
        asked: list[Any] = []
        events.register("provide-client-params", lambda params, **_: asked.append(dict(params)))

        def keep(parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
            request = asked.pop() if asked else {}
            call = {"service": service, "operation": model.name, "request": request, "answer": parsed}
            self._calls.append(scrubbed(call))

        events.register("after-call", keep)
        return client

    def save(self, path: Path) -> None:
        """Write the conversation since the last save; nothing where nothing was said."""
        calls, self._calls = self._calls, []
        if calls:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(calls, indent=1, sort_keys=True) + "\n", encoding="utf-8")
