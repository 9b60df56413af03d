"""What a caller is told when nothing came of a request (RFC 9457, "Problem Details for HTTP APIs")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

PROBLEM_TYPE = "application/problem+json"
# Of one request. A body of nonsense has a mistake in each of its rows.
MOST_MISTAKES = 20


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """`row` counts from 1, as the serving container's own refusals do; `field` is the name in the row, or of
    the document."""

    reason: str
    row: int | None = None
    field: str | None = None

    def as_document(self) -> dict[str, Any]:
        place = {"row": self.row, "field": self.field}
        return {**{name: value for name, value in place.items() if value is not None}, "reason": self.reason}


class Problem(Exception):  # noqa: N818  # the word of RFC 9457
    """A request that is refused, or that could not be answered."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        mistakes: Sequence[Mistake] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.mistakes = tuple(mistakes[:MOST_MISTAKES])
        self.headers = dict(headers)

    def as_document(self, request_id: str) -> dict[str, Any]:
        """`instance` is the request's id, by which its log lines are found."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "instance": f"urn:uuid:{request_id}",
        }
        if self.mistakes:
            document["errors"] = [mistake.as_document() for mistake in self.mistakes]
        return document


def refuse(mistakes: Sequence[Mistake]) -> Problem:
    """400 for what is wrong with the rows; the first mistake is the detail."""
    first = mistakes[0]
    place = [f"row {first.row}"] if first.row is not None else []
    place += [f"field {first.field!r}"] if first.field is not None else []
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    return Problem(400, f"{', '.join(place)}: {first.reason}{more}".removeprefix(": "), mistakes=mistakes)
