"""JSON Web Tokens: what one says, and whether it may be believed (RFC 7519; RFC 8725, best practices).

Access tokens differ by issuer: most name their audience in `aud` and scopes in `scope`; Cognito's name the
client in `client_id` and have no audience; Entra's write scopes as `scp`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.authorize_caller.signatures import ALGORITHMS, unpadded

LEEWAY_SECONDS = 30
_MOST_CHARACTERS = 16_384


class TokenRefusedError(Exception):
    """The token does not let its bearer in; the message says why, and holds nothing of the token."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token whose signature nobody has looked at yet."""

    algorithm: str
    key_id: str
    claims: Mapping[str, Any]
    signed_part: bytes
    signature: bytes

    @classmethod
    def read(cls, text: str) -> Token:
        """Raises TokenRefusedError."""
        parts = text.split(".")
        if len(parts) != 3 or len(text) > _MOST_CHARACTERS:
            raise TokenRefusedError("it is no signed JSON Web Token")
        try:
            header, claims = (json.loads(unpadded(part)) for part in parts[:2])
            signature = unpadded(parts[2])
        except (ValueError, RecursionError) as error:
            raise TokenRefusedError("it is no signed JSON Web Token") from error
        if not isinstance(header, dict) or not isinstance(claims, dict):
            raise TokenRefusedError("its header or its claims are no object")
        if header.get("alg") not in ALGORITHMS:
            raise TokenRefusedError(f"it is not signed by one of {', '.join(ALGORITHMS)}")
        if "crit" in header:
            raise TokenRefusedError("its header asks for extensions that nobody here understands")
        return cls(
            algorithm=header["alg"],
            key_id=str(header.get("kid", "")),
            claims=claims,
            signed_part=f"{parts[0]}.{parts[1]}".encode(),
            signature=signature,
        )


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """Who brought a good token: `caller` names issuer and subject; it is good until `expires` (Unix time)."""

    caller: str
    scopes: frozenset[str]
    expires: float


def bearer_of(
    claims: Mapping[str, Any], *, issuer: str, audiences: frozenset[str], now_seconds: float
) -> Bearer:
    """Of claims whose signature is good; raises TokenRefusedError."""
    if claims.get("iss") != issuer:
        raise TokenRefusedError("another issuer made it")
    if not _audiences(claims) & audiences:
        raise TokenRefusedError("it is meant for somebody else")
    if claims.get("token_use", "access") != "access":
        raise TokenRefusedError("it says who somebody is, and gives no access: send the access token")
    expires = _moment(claims, "exp")
    if expires is None or expires + LEEWAY_SECONDS <= now_seconds:
        raise TokenRefusedError("it has expired, or says no time at which it will")
    starts = _moment(claims, "nbf")
    if starts is not None and starts - LEEWAY_SECONDS > now_seconds:
        raise TokenRefusedError("it is not good yet")
    subject = claims.get("sub") or claims.get("client_id")
    if not isinstance(subject, str) or not subject:
        raise TokenRefusedError("it names no subject")
    return Bearer(caller=f"{issuer}#{subject}", scopes=_scopes(claims), expires=expires + LEEWAY_SECONDS)


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise TokenRefusedError(f"its {name} is no time")
    return float(value)


def _audiences(claims: Mapping[str, Any]) -> set[str]:
    """Of a token without an audience the client that it was made for."""
    given = claims.get("aud", claims.get("client_id", ""))
    parts = given if isinstance(given, list) else [given]
    return {part for part in parts if isinstance(part, str) and part}


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    given = claims.get("scope", claims.get("scp", ""))
    parts = given if isinstance(given, list) else str(given).split(" ")
    return frozenset(part for part in parts if isinstance(part, str) and part)
