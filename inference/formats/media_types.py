"""The media types of bodies, in their usual spellings."""

from __future__ import annotations

import re

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
NPY = "application/x-npy"
# Triton's JSON with binary tensors behind it, through an endpoint that passes no header of its own on.
# Source: "Triton Inference Server" in the SageMaker developer guide.
TRITON = "application/vnd.sagemaker-triton.binary+json"
TRITON_LENGTH = "json-header-size"
KNOWN = (CSV, JSON, JSON_LINES, NPY)
_SPELLINGS = {
    "application/x-jsonlines": JSON_LINES,
    "application/jsonl": JSON_LINES,
    "application/x-ndjson": JSON_LINES,
}
_QUOTED = r'"(?:[^"\\]|\\.)*+"?'
_MEMBERS = re.compile(rf'(?:[^,"]|{_QUOTED})++', re.DOTALL)
_PARAMETERS = re.compile(rf'(?:[^;"]|{_QUOTED})++', re.DOTALL)


def parts_of(text: str) -> list[str]:
    """The members of a list; a comma in quotes parts none (RFC 9110, 5.6)."""
    return [part for part in _MEMBERS.findall(text) if part.strip()]


def split(text: str) -> tuple[str, dict[str, str]]:
    """A media type in lower case without its parameters, and those by name in lower case.

    A quoted parameter loses its quotes (RFC 9110, 8.3.1).
    """
    kind, *rest = _PARAMETERS.findall(text) or [""]
    kind = kind.strip().lower()
    parameters: dict[str, str] = {}
    for part in rest:
        name, _, value = part.partition("=")
        parameters.setdefault(name.strip().lower(), value.strip().strip('"'))
    return _SPELLINGS.get(kind, kind), parameters
