"""Lists as SageMaker gives them: filtered, sorted and in pages.

Page size 10 unless asked otherwise (API reference, e.g. ListEndpoints: "This value defaults to 10").
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.store import Document

DEFAULT_PAGE = 10


@dataclass(frozen=True)
class Listing:
    """How one List operation finds, sorts and shows its records."""

    result: str
    """The member that holds the page."""
    show: Callable[[Document], Document]
    name: str
    sort_by: Mapping[str, str] = field(default_factory=dict)
    """SortBy value → the record's member; the first is the default."""
    equal: Mapping[str, str] = field(default_factory=dict)
    """Filter → the record's member that must equal it, e.g. StatusEquals."""
    newest_first: bool = True

    def page(self, records: Iterable[Document], request: Document) -> Document:
        """One page of the records that the request asks for."""
        found = sorted(
            (record for record in records if self._matches(record, request)),
            key=lambda record: self._sort_key(record, request),
            reverse=self._descending(request),
        )
        start = _offset(request.get("NextToken"))
        size = request.get("MaxResults") or DEFAULT_PAGE
        answer: Document = {self.result: [self.show(record) for record in found[start : start + size]]}
        if start + size < len(found):
            answer["NextToken"] = base64.urlsafe_b64encode(f"from {start + size}".encode()).decode()
        return answer

    def _descending(self, request: Document) -> bool:
        order = request.get("SortOrder")
        return self.newest_first if order is None else order == "Descending"

    def _sort_key(self, record: Document, request: Document) -> tuple[str, float | str]:
        chosen = request.get("SortBy") or next(iter(self.sort_by), "CreationTime")
        value = record.get(self.sort_by.get(chosen, "CreationTime"), 0)
        return (type(value).__name__ if isinstance(value, str) else "", value)

    def _matches(self, record: Document, request: Document) -> bool:
        if request.get("NameContains", "") not in record[self.name]:
            return False
        if any(request.get(asked) not in (None, record.get(member)) for asked, member in self.equal.items()):
            return False
        return all(
            _between(record.get(member), request.get(after), request.get(before))
            for member, after, before in _TIMES
        )


_TIMES = (
    ("CreationTime", "CreationTimeAfter", "CreationTimeBefore"),
    ("CreationTime", "CreatedAfter", "CreatedBefore"),
    ("LastModifiedTime", "LastModifiedTimeAfter", "LastModifiedTimeBefore"),
)


def pick(record: Document, members: Iterable[str]) -> Document:
    """The members of a record that a summary shows."""
    return {member: record[member] for member in members if record.get(member) is not None}


def _between(value: float | None, after: float | None, before: float | None) -> bool:
    if value is None:
        return after is None and before is None
    return (after is None or value > after) and (before is None or value < before)


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    try:
        word, number = base64.urlsafe_b64decode(token).decode().split()
        if word == "from":
            return int(number)
    except ValueError:
        pass
    raise ValidationError("The token provided in the request is not valid: NextToken")
