"""Keeps other pages out: loopback names alone (against DNS rebinding), and a token for each change.

OWASP, "Cross-Site Request Forgery Prevention": a custom header that no other origin can send without a
preflight, with a value that only this page knows, and the Origin header compared besides.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

TOKEN_HEADER = "x-greenlight-token"  # noqa: S105  # a header's name
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; frame-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass
class Guard:
    """Wraps the app; `port` is the one that it listens on, `token` what its page sends with a change."""

    app: ASGIApp
    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        refusal = self.refusal(request)
        if refusal:
            await JSONResponse({"error": refusal}, 403, headers=HEADERS)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def refusal(self, request: Request) -> str:
        """Why the request is not let in; empty where it is."""
        hosts = {f"{name}:{self.port}" for name in LOOPBACK}
        if request.headers.get("host", "") not in hosts:
            return "this console answers to its loopback address alone"
        if request.method in ("GET", "HEAD"):
            return ""
        origin = request.headers.get("origin", "")
        if origin not in {f"http://{host}" for host in hosts}:
            return "a change must come from the console's own page"
        if not secrets.compare_digest(request.headers.get(TOKEN_HEADER, ""), self.token):
            return "the page is older than the console; load it again"
        return ""


def guarded(response: Response) -> Response:
    """The response with the headers that every one gets, but for those that it has already."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
