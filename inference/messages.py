"""A request and its answer, as the protocol and the service hand them to each other."""

from __future__ import annotations

from typing import NamedTuple


class Request:
    """One request, as the protocol fills it in."""

    __slots__ = ("accept", "body", "content_type", "json_length", "method", "path", "request_id")

    def __init__(self) -> None:
        self.method = "GET"
        self.path = ""
        self.content_type = ""
        self.accept = ""
        self.request_id = ""
        self.json_length: int | None = None
        self.body = b""


class Response(NamedTuple):
    """`headers` are further header lines, each with its line end."""

    status: int
    content_type: str
    body: bytes
    headers: str = ""
