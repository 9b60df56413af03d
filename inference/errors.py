"""What can go wrong while serving. Each class carries the HTTP status that it becomes.

InferenceError
├── InvalidRequestError        400: the body cannot be read as rows of the model's columns
├── NotFoundError              404: no such path or model
├── MethodNotAllowedError      405
├── NotAcceptableError         406: no content type of the Accept header can be written
├── RequestTimeoutError        408: the request did not arrive in time
├── BodyTooLargeError          413
├── UnsupportedContentTypeError 415: a media type or charset that is not read
├── UnsupportedEncodingError   415: a content coding that is not read; the answer names those that are
├── ExpectationError           417: an expectation other than 100-continue
├── BusyError                  429: more connections or bytes at once than may be
├── HeadersTooLargeError       431
├── UnhealthyError             500: the model failed its check
└── UnknownCodingError         501: a transfer coding other than chunked
ArtefactError                  the model directory cannot be served
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MOST_NAME_CHARACTERS = 200


class InferenceError(Exception):
    """A request that gets no prediction."""

    status = 500
    headers: Mapping[str, str] = MappingProxyType({})
    """Header fields of the answer, by name."""


class InvalidRequestError(InferenceError):
    """The body is malformed. `row` counts data rows from 1, and `column` is the model's name for it."""

    status = 400

    def __init__(self, reason: str, *, row: int | None = None, column: str | None = None) -> None:
        place = [f"row {row}"] if row is not None else []
        place += [f"column {_cut(column)!r}"] if column is not None else []
        super().__init__(f"{', '.join(place)}: {reason}" if place else reason)
        self.reason = reason
        self.row = row
        self.column = column


def _cut(name: str) -> str:
    """A name that a body may have made up is told as far as it is readable."""
    return name if len(name) <= MOST_NAME_CHARACTERS else f"{name[:MOST_NAME_CHARACTERS]}..."


class NotFoundError(InferenceError):
    status = 404


class MethodNotAllowedError(InferenceError):
    """`allowed` is what the path takes (RFC 9110, 15.5.6)."""

    status = 405

    def __init__(self, reason: str, allowed: str) -> None:
        super().__init__(reason)
        self.headers = {"allow": allowed}


class NotAcceptableError(InferenceError):
    status = 406


class RequestTimeoutError(InferenceError):
    status = 408


class BodyTooLargeError(InferenceError):
    status = 413


class UnsupportedContentTypeError(InferenceError):
    status = 415


class UnsupportedEncodingError(InferenceError):
    status = 415
    headers = MappingProxyType({"accept-encoding": "gzip, identity"})


class ExpectationError(InferenceError):
    status = 417


class HeadersTooLargeError(InferenceError):
    status = 431


class UnhealthyError(InferenceError):
    """The model did not pass its check, so nothing that it says may be trusted."""


class BusyError(InferenceError):
    """The callers together ask for too much: no fault of the model, and so no 5xx."""

    status = 429
    headers = MappingProxyType({"retry-after": "1"})


class UnknownCodingError(InferenceError):
    """RFC 9112, 6.1 asks for this status; no caller reaches it through a SageMaker endpoint."""

    status = 501


class ArtefactError(Exception):
    """The model directory is incomplete, of another format version, or fails its own check."""
