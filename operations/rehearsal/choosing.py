"""`make rehearse ACTS=...`: which acts are played."""

from __future__ import annotations

from operations.rehearsal.table_file import DataFileError

ALL, TRAFFIC, STREAM = "all", "traffic", "stream"
KNOWN = {
    "": "the three acts of every day",
    ALL: "those, then drift, labels and a retraining",
    TRAFFIC: "instead, rolling deployments forth and back, and a file by batch",
    STREAM: "instead, half of the data as events, and a front",
}


def chosen(text: str) -> str:
    """One of those that are known; raises DataFileError, which lists them."""
    if text not in KNOWN:
        known = "; ".join(
            f"ACTS={name}: {what}" if name else f"no ACTS: {what}" for name, what in KNOWN.items()
        )
        raise DataFileError(f"ACTS={text[:60]} is unknown. Known are: {known}")
    return text
