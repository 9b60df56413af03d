"""The media types of bodies, in their usual spellings."""

from __future__ import annotations

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


def split(text: str) -> tuple[str, dict[str, str]]:
    """A media type in lower case without its parameters, and those by name in lower case.

    A quoted parameter loses its quotes (RFC 9110, 8.3.1); nothing known here needs more of that grammar.
    """
    kind, *rest = text.split(";")
    kind = kind.strip().lower()
    parameters: dict[str, str] = {}
    for part in rest:
        name, _, value = part.partition("=")
        parameters.setdefault(name.strip().lower(), value.strip().strip('"'))
    return _SPELLINGS.get(kind, kind), parameters
