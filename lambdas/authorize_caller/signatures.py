"""Whether an RSA key signed a token: RSASSA-PKCS1-v1_5, verification alone (RFC 8017, 8.2.2; RFC 7518, 3.3).

Verifying touches nothing secret, so no time that it takes tells anything; and what a correct signature
unpacks to is put together here and compared as a whole, so nothing that is hidden in a padding counts. The
zip stays free of compiled code. What OpenID Connect asks every issuer for is RS256; other algorithms, `none`
and those with a shared secret among them, are refused by name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# DigestInfo's prefixes (RFC 8017, 9.2, note 1).
_ALGORITHMS = {
    "RS256": ("sha256", "3031300d060960864801650304020105000420"),
    "RS384": ("sha384", "3041300d060960864801650304020205000430"),
    "RS512": ("sha512", "3051300d060960864801650304020305000440"),
}
ALGORITHMS = tuple(_ALGORITHMS)
_LEAST_BITS, _MOST_BITS = 2048, 8192


class UnusableKeyError(ValueError):
    """A key that can't be used: of another kind, too short, or broken."""


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """One RSA key of an issuer; `algorithm` is what the issuer says it is for, or empty."""

    key_id: str
    modulus: int
    exponent: int
    algorithm: str = ""

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> PublicKey:
        """Of a JSON Web Key (RFC 7517); raises UnusableKeyError."""
        if document.get("kty") != "RSA" or document.get("use", "sig") != "sig":
            raise UnusableKeyError(f"a key for {document.get('kty')!r} {document.get('use', '')!r}")
        try:
            modulus, exponent = (int.from_bytes(unpadded(str(document[name]))) for name in ("n", "e"))
        except (KeyError, ValueError) as error:
            raise UnusableKeyError(f"a key without a modulus or an exponent: {error}") from error
        if not _LEAST_BITS <= modulus.bit_length() <= _MOST_BITS or exponent < 3 or not exponent % 2:
            raise UnusableKeyError(f"a key of {modulus.bit_length()} bits with the exponent {exponent}")
        return cls(
            key_id=str(document.get("kid", "")),
            modulus=modulus,
            exponent=exponent,
            algorithm=str(document.get("alg", "")),
        )

    def signed(self, message: bytes, signature: bytes, algorithm: str) -> bool:
        if algorithm not in _ALGORITHMS or self.algorithm not in ("", algorithm):
            return False
        size = (self.modulus.bit_length() + 7) // 8
        number = int.from_bytes(signature)
        if len(signature) != size or number >= self.modulus:
            return False
        unpacked = pow(number, self.exponent, self.modulus).to_bytes(size)
        return unpacked == _packed(message, algorithm, size)


def _packed(message: bytes, algorithm: str, size: int) -> bytes:
    """EMSA-PKCS1-v1_5 of the message (RFC 8017, 9.2)."""
    name, prefix = _ALGORITHMS[algorithm]
    info = bytes.fromhex(prefix) + hashlib.new(name, message).digest()
    return b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info


def unpadded(text: str) -> bytes:
    """base64url without padding (RFC 7515, 2), and with nothing else; raises ValueError."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("no base64url") from error
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != text:
        raise ValueError("no canonical base64url")
    return raw
