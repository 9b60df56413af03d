"""A file from its source, in pieces, unless it is the one that was fetched before.

Conditional requests: RFC 9110, "If-None-Match" and "If-Modified-Since"; S3 API Reference, `GetObject`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from botocore.exceptions import ClientError

from contracts.sources import LOOPBACK, Source
from lambdas.aws.clients import client, code_of

PIECE_BYTES = 1 << 20
_MOST_REDIRECTS = 5
_TIMEOUT_SECONDS = 60.0
_REDIRECTS = (301, 302, 303, 307, 308)


class SourceError(RuntimeError):
    """The file could not be fetched; the message names source and reason, and no secret."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What tells a file again: its tag, its time, its content's hash. Empty where there was none."""

    etag: str = ""
    modified: str = ""
    sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A file that may have changed; `size_bytes` is None where the source does not say it."""

    etag: str
    modified: str
    size_bytes: int | None
    pieces: Iterator[bytes]


def fetch(source: Source, before: Seen) -> Found | None:
    """None where the source says that nothing has changed; raises SourceError."""
    return _of_s3(source, before) if source.scheme == "s3" else _of_https(source, before)


def _of_s3(source: Source, before: Seen) -> Found | None:
    bucket, key = source.bucket_and_key
    condition = {"IfNoneMatch": before.etag} if before.etag else {}
    try:
        answer = client("s3").get_object(Bucket=bucket, Key=key, **condition)
    except ClientError as error:
        if code_of(error) in ("304", "NotModified"):
            return None
        raise SourceError(
            f"{source.name}: {source.uri}: {error}; its owner's bucket policy, and the key's, must let this "
            "function's role read it"
        ) from error
    body = answer["Body"]
    return Found(
        etag=answer["ETag"],
        modified=answer["LastModified"].isoformat(),
        size_bytes=int(answer["ContentLength"]),
        pieces=body.iter_chunks(PIECE_BYTES),
    )


def _of_https(source: Source, before: Seen) -> Found | None:
    headers = {"accept-encoding": "identity", "user-agent": "greenlight"}
    headers |= {"if-none-match": before.etag} if before.etag else {}
    headers |= {"if-modified-since": before.modified} if before.modified and not before.etag else {}
    answer = _follow(source, headers, _secret_headers(source))
    if answer is None:
        return None
    size = answer.headers.get("content-length") or ""
    return Found(
        etag=answer.headers.get("etag") or "",
        modified=answer.headers.get("last-modified") or "",
        size_bytes=int(size) if size.isdecimal() else None,
        pieces=_pieces(source, answer),
    )


class _Staying(HTTPRedirectHandler):
    """Follows nothing by itself."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _follow(source: Source, headers: Mapping[str, str], secret: Mapping[str, str]) -> HTTPResponse | None:
    """Redirects stay on https, and the secret with its host; None where nothing has changed."""
    address, home = source.uri, urlsplit(source.uri).netloc
    shown = f"{source.name}: {_shown(source.uri)}"
    for _ in range(_MOST_REDIRECTS):
        own = secret if urlsplit(address).netloc == home else {}
        request = Request(address, headers={**headers, **own})  # noqa: S310 - its scheme is looked at
        try:
            answer = build_opener(_Staying).open(request, timeout=_TIMEOUT_SECONDS)
        except HTTPError as refused:
            refused.close()
            if refused.code == 304:
                return None
            if refused.code not in _REDIRECTS:
                raise SourceError(f"{shown} answered {refused.code}") from None
            address = urljoin(address, refused.headers.get("location") or "")
        except (URLError, HTTPException, OSError) as error:
            raise SourceError(f"{shown} can't be reached: {getattr(error, 'reason', error)}") from error
        else:
            if answer.status != 200:
                answer.close()
                raise SourceError(f"{shown} answered {answer.status}")
            return answer  # type: ignore[no-any-return]  # the type of an opener's answer is not told
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise SourceError(f"{shown} leads to {parts.scheme or 'nowhere'}, not to https")
    raise SourceError(f"{shown} leads on more than {_MOST_REDIRECTS} times")


def _pieces(source: Source, answer: HTTPResponse) -> Iterator[bytes]:
    with closing(answer):
        try:
            while piece := answer.read(PIECE_BYTES):
                yield piece
        except (HTTPException, OSError) as error:
            raise SourceError(f"{source.name}: {_shown(source.uri)} broke off: {error}") from error


def _secret_headers(source: Source) -> dict[str, str]:
    if not source.secret_arn:
        return {}
    text = client("secretsmanager").get_secret_value(SecretId=source.secret_arn)["SecretString"]
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise SourceError(f"{source.name}: the secret is no JSON object of request headers")
    return {str(name): value for name, value in found.items()}


def _shown(uri: str) -> str:
    """Without the query, which may be a signature."""
    return uri.partition("?")[0]
