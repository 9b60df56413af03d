"""The issuer's keys: found as OpenID Connect says, and kept for a while.

OpenID Connect Discovery 1.0, 4: the issuer's address with `/.well-known/openid-configuration` behind it names
`jwks_uri`, and says its own name, which must be the one asked for.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from lambdas.authorize_caller.signatures import PublicKey, UnusableKeyError

FRESH_SECONDS = 3600.0
# Keys that could not be fetched again stay good for a day: an issuer that is down locks nobody out at once.
KEPT_SECONDS = 86_400.0
# An unknown key is asked for so often at most: tokens can be made up by the thousand.
ASK_AGAIN_SECONDS = 60.0
_TIMEOUT_SECONDS = 3.0
_MOST_BYTES = 1 << 18

Fetch = Callable[[str], bytes]


class IssuerUnreachableError(Exception):
    """The issuer's keys can't be had: nobody can be let in, and nobody is to blame for it."""


def fetch(address: str) -> bytes:
    """GET, without redirects to another scheme or host; raises IssuerUnreachableError."""
    try:
        opener = urllib.request.build_opener(_NoRedirects)
        with opener.open(address, timeout=_TIMEOUT_SECONDS) as answer:
            body: bytes = answer.read(_MOST_BYTES + 1)
    except (OSError, HTTPException, ValueError) as error:
        raise IssuerUnreachableError(f"{address}: {type(error).__name__}: {error}") from error
    if len(body) > _MOST_BYTES:
        raise IssuerUnreachableError(f"{address}: more than {_MOST_BYTES} bytes")
    return body


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class IssuerKeys:
    """The keys of one issuer, by id; one of these lives as long as the function's process."""

    def __init__(self, issuer: str, fetch: Fetch = fetch) -> None:
        self._issuer, self._fetch = issuer, fetch
        self._keys: dict[str, PublicKey] = {}
        self._fetched = self._asked = float("-inf")

    def key(self, key_id: str, now_seconds: float) -> PublicKey | None:
        """None for a key that the issuer does not have; raises IssuerUnreachableError where that can't be
        known."""
        is_known = key_id in self._keys
        is_fresh = now_seconds - self._fetched < FRESH_SECONDS
        if not (is_known and is_fresh) and now_seconds - self._asked >= ASK_AGAIN_SECONDS:
            self._renew(now_seconds, may_fail=is_known and now_seconds - self._fetched < KEPT_SECONDS)
        elif now_seconds - self._fetched >= KEPT_SECONDS:
            raise IssuerUnreachableError(f"{self._issuer}: no keys for {KEPT_SECONDS:g} s")
        return self._keys.get(key_id)

    def _renew(self, now_seconds: float, *, may_fail: bool) -> None:
        self._asked = now_seconds
        try:
            self._keys = self._read()
        except IssuerUnreachableError:
            if not may_fail:
                # Whoever comes next asks again: the answer may not be that the key is unknown.
                self._asked = float("-inf")
                raise
        else:
            self._fetched = now_seconds

    def _read(self) -> dict[str, PublicKey]:
        about = self._document(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if about.get("issuer") != self._issuer:
            raise IssuerUnreachableError(f"{self._issuer} calls itself {str(about.get('issuer'))[:200]!r}")
        address = str(about.get("jwks_uri", ""))
        if urlsplit(address).scheme != urlsplit(self._issuer).scheme:
            raise IssuerUnreachableError(f"{self._issuer}: its keys lie at {address[:200]!r}")
        keys = self._document(address).get("keys")
        if not isinstance(keys, list):
            raise IssuerUnreachableError(f"{address}: no list of keys")
        return {key.key_id: key for key in map(_usable, keys) if key is not None}

    def _document(self, address: str) -> Mapping[str, Any]:
        try:
            document = json.loads(self._fetch(address))
        except ValueError as error:
            raise IssuerUnreachableError(f"{address}: no JSON") from error
        if not isinstance(document, dict):
            raise IssuerUnreachableError(f"{address}: no JSON object")
        return document


def _usable(document: object) -> PublicKey | None:
    """An issuer has keys for other purposes, and of other kinds, beside those that are read here."""
    try:
        return PublicKey.read(document) if isinstance(document, dict) else None
    except UnusableKeyError:
        return None
