"""What can go wrong while serving. Each class carries the HTTP status that it becomes.

InferenceError
├── InvalidRequestError        400: the body cannot be read as rows of the model's columns
├── NotFoundError              404: no such path or model
├── MethodNotAllowedError      405
├── NotAcceptableError         406: no content type of the Accept header can be written
├── RequestTimeoutError        408: the request did not arrive in time
├── BodyTooLargeError          413
├── UnsupportedContentTypeError 415
└── HeadersTooLargeError       431
ArtefactError                  the model directory cannot be served
"""

from __future__ import annotations


class InferenceError(Exception):
    """A request that gets no prediction."""

    status = 500


class InvalidRequestError(InferenceError):
    """The body is malformed. `row` counts data rows from 1, and `column` is the model's name for it."""

    status = 400

    def __init__(self, reason: str, *, row: int | None = None, column: str | None = None) -> None:
        place = [f"row {row}"] if row is not None else []
        place += [f"column {column!r}"] if column is not None else []
        super().__init__(f"{', '.join(place)}: {reason}" if place else reason)
        self.reason = reason
        self.row = row
        self.column = column


class NotFoundError(InferenceError):
    status = 404


class MethodNotAllowedError(InferenceError):
    status = 405


class NotAcceptableError(InferenceError):
    status = 406


class RequestTimeoutError(InferenceError):
    status = 408


class BodyTooLargeError(InferenceError):
    status = 413


class UnsupportedContentTypeError(InferenceError):
    status = 415


class HeadersTooLargeError(InferenceError):
    status = 431


class UnhealthyError(InferenceError):
    """The model did not pass its check, so nothing that it says may be trusted."""


class BusyError(InferenceError):
    status = 503


class ArtefactError(Exception):
    """The model directory is incomplete, of another format version, or fails its own check."""
