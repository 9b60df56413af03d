"""The manifest of a dataset in parts: `{"format_version": 1, "parts": ["a.csv", "b.csv.gz"]}`. Pure.

Keys are relative to the folder `parts/` beside the manifest. Whoever uploads writes it, so nothing in it is
believed.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

from contracts.layout import MAX_UPLOAD_PARTS, UPLOAD_MANIFEST, UPLOAD_PARTS, UPLOAD_SUFFIXES
from lambdas.datasets.checks.faults import DatasetRejected, Fault, listed, shown

MAX_BYTES = 1_000_000
_MAX_KEY_BYTES = 1024  # S3 User Guide, "Naming Amazon S3 objects"
_FORM = '{"format_version": 1, "parts": ["a.csv", "b.csv"]}'


def parts_of(content: bytes, folder: str) -> list[str]:
    """The parts' names in the manifest's order; raises DatasetRejected with everything that is wrong.

    `folder` is that of the parts, with the slash that ends it.
    """
    names = _names(_document(content))
    faults = [
        _fault(f"it names {shown(name)}, {reason}") for name in names for reason in _reasons(name, folder)
    ]
    faults += [
        _fault(f"it names {shown(name)} {times} times") for name, times in Counter(names).items() if times > 1
    ]
    if faults:
        raise DatasetRejected(faults)
    return names


def folder_of(key: str) -> str:
    """The parts of `incoming/june/manifest.json` lie in `incoming/june/parts/`."""
    return f"{key.removesuffix(UPLOAD_MANIFEST)}{UPLOAD_PARTS}/"


def _document(content: bytes) -> dict[str, Any]:
    if len(content) > MAX_BYTES:
        raise _rejected(f"it is larger than {MAX_BYTES:,} bytes")
    try:
        document = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _rejected(f"it is no JSON: {str(error)[:200]}; it has the form {_FORM}") from error
    if not isinstance(document, dict):
        raise _rejected(f"it has the form {_FORM}")
    if unknown := sorted(document.keys() - {"format_version", "parts"}):
        raise _rejected(f"it has unknown keys: {listed(unknown)}")
    if document.get("format_version") != 1 or isinstance(document["format_version"], bool):
        raise _rejected("its format_version is not 1")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """json takes the last of two; which one the uploader meant, nobody knows."""
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1:
            raise ValueError(f"the key {shown(name)} is there {times} times")
    return dict(pairs)


def _names(document: dict[str, Any]) -> list[str]:
    names = document.get("parts")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _rejected("its parts are no list of texts")
    if not names:
        raise _rejected("it names no part")
    if len(names) > MAX_UPLOAD_PARTS:
        raise _rejected(f"it names {len(names):,} parts, and {MAX_UPLOAD_PARTS:,} at most can be read")
    return names


def _reasons(name: str, folder: str) -> Iterator[str]:
    """What is wrong with one name."""
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        yield "which holds characters that are not text"
    elif any(step in ("", ".", "..") for step in name.split("/")):
        yield "which is not inside of its folder: name parts relative to it, without '..' and '//'"
    elif not name.lower().endswith(UPLOAD_SUFFIXES):
        yield f"whose ending is none of {', '.join(UPLOAD_SUFFIXES)}"
    elif len((folder + name).encode()) > _MAX_KEY_BYTES:
        yield f"whose key is longer than {_MAX_KEY_BYTES:,} bytes"


def _rejected(detail: str) -> DatasetRejected:
    return DatasetRejected([_fault(detail)])


def _fault(detail: str) -> Fault:
    return Fault(rule="manifest", detail=detail, part=UPLOAD_MANIFEST)
