"""A caller of the front that looks at everything: status, headers, document."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from localcloud.host.launch import Running

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    document: Any


def address_of(cloud: Running) -> str:
    """Where this cloud answers what would be at FrontUrl on AWS."""
    there = urlsplit(cloud.outputs["FrontUrl"])
    api = str(there.hostname).split(".")[0]
    return f"{cloud.endpoint_url}/_aws/execute-api/{api}{there.path.rstrip('/')}"


class Caller:
    """Sends requests with one token, and further headers."""

    def __init__(self, address: str, token: str = "", **headers: str) -> None:
        self.address, self.token, self.headers = address, token, headers

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def post(self, path: str, document: Any) -> Answer:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.send("POST", path, body)

    def send(self, method: str, path: str, body: bytes | None = None) -> Answer:
        headers = {"content-type": "application/json", **self.headers}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(  # noqa: S310 - the cloud's own http URL
            f"{self.address}{path}", data=body, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
                return _read(answer.status, answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return _read(refused.code, refused)


def _read(status: int, answer: Any) -> Answer:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(status, headers, json.loads(answer.read()))
