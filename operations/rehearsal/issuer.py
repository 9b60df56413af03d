"""An issuer of tokens on loopback, as OpenID Connect Discovery 1.0 has one; it can be down."""

from __future__ import annotations

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

AUDIENCE = "shop"


class Issuer:
    """Answers the two documents, and signs whatever it is told to."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        self.down = False
        issuer = self

        class Pages(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(issuer._page(self.path)).encode()
                self.send_response(503 if issuer.down else 200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Issuer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def token(self, scope: str, *, subject: str = "ann", **changes: Any) -> str:
        """Good for ten minutes, unless `changes` of its claims say otherwise."""
        now = int(time.time())
        said = {"iss": self.address, "aud": AUDIENCE, "sub": subject, "scope": scope, "exp": now + 600}
        parts = ({"alg": "RS256", "kid": "k1"}, {**said, **changes})
        signed = ".".join(_text(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{_text(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def _page(self, path: str) -> dict[str, Any]:
        if path.startswith("/.well-known/"):
            return {"issuer": self.address, "jwks_uri": f"{self.address}/keys"}
        numbers = self._key.public_key().public_numbers()
        modulus, exponent = (
            _text(value.to_bytes((value.bit_length() + 7) // 8)) for value in (numbers.n, numbers.e)
        )
        return {"keys": [{"kty": "RSA", "use": "sig", "kid": "k1", "n": modulus, "e": exponent}]}


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
