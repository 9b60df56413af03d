"""The key by which a prediction's label finds it: made here, and bound to the caller who got it.

An id holds a random part and a digest over it and the caller. Nobody can post a label for a prediction of
somebody else: for another caller the digest is another one, and an id that is made up belongs to no
prediction. So neither a table of ids is needed nor a secret, and callers may not choose ids.

InvokeEndpoint takes 64 characters of an InferenceId (SageMaker Runtime API Reference).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

RANDOM_BYTES = 16
_DIGEST_BYTES = 16
_VERSION = "f1"
_FORM = re.compile(rf"{_VERSION}\.([A-Za-z0-9_-]{{22}})\.([A-Za-z0-9_-]{{22}})")


def inference_id(caller: str, random: bytes) -> str:
    """Of 16 random bytes: 48 characters."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"{len(random)} random bytes; expected {RANDOM_BYTES}")
    drawn = _text(random)
    return f"{_VERSION}.{drawn}.{_digest(caller, drawn)}"


def is_of(found: str, caller: str) -> bool:
    """Whether this caller got it."""
    match = _FORM.fullmatch(found)
    return bool(match) and hmac.compare_digest(match[2], _digest(caller, match[1]))  # type: ignore[index]


def _digest(caller: str, drawn: str) -> str:
    return _text(hashlib.sha256(f"{_VERSION}\0{drawn}\0{caller}".encode()).digest()[:_DIGEST_BYTES])


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
