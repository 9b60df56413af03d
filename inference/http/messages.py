"""A request and its answer, as the protocol and the service hand them to each other."""

from __future__ import annotations

from typing import NamedTuple


class Request:
    """One request, as the protocol fills it in."""

    __slots__ = (
        "accept",
        "body",
        "content_encoding",
        "content_type",
        "json_length",
        "method",
        "path",
        "request_id",
    )

    def __init__(
        self,
        method: str = "GET",
        path: str = "",
        content_type: str = "",
        accept: str = "",
        request_id: str = "",
        body: bytes = b"",
    ) -> None:
        self.method = method
        self.path = path
        self.content_type = content_type
        self.accept = accept
        self.request_id = request_id
        self.content_encoding = ""
        self.json_length: int | None = None
        self.body = body


class Response(NamedTuple):
    """`headers` are further header lines, each with its line end."""

    status: int
    content_type: str
    body: bytes
    headers: str = ""
