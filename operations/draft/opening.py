"""Opens a file of any form that people have: unpacks it and turns its text into UTF-8, without judging it."""

from __future__ import annotations

import codecs
import gzip
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from charset_normalizer import from_bytes

from operations.draft.errors import DraftError

GZIP, PARQUET = b"\x1f\x8b", b"PAR1"
_HEAD_BYTES = 1 << 18
_JSON = re.compile(rb"\{\s*\"|\[\s*[\[{]")
_CHUNK_BYTES = 1 << 22
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHERS = {
    b"PK\x03\x04": "a zip archive or a spreadsheet (.xlsx): save the sheet as CSV, or unpack the archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (.xls): save the sheet as CSV",
    b"BZh": "a bzip2 archive: unpack it, or pack it with gzip",
    b"\xfd7zXZ": "an xz archive: unpack it, or pack it with gzip",
    b"(\xb5/\xfd": "a zstd archive: unpack it, or pack it with gzip",
    b"7z\xbc\xaf": "a 7z archive: unpack it",
    b"%PDF": "a PDF document: export the table as CSV",
    b"ARROW1": "a Feather file: save it as Parquet",
    b"\x89HDF": "an HDF5 file: save the table as CSV or Parquet",
}
# What the detector cannot tell apart in a few words is taken for what Windows writes in the West.
_WESTERN = "cp1252"
_FOREIGN = ("big5", "cp1251", "cp1253", "cp1255", "cp1256", "cp932", "cp949", "euc_jp", "euc_kr", "gb18030",
            "iso8859_5", "iso8859_7", "koi8_r", "koi8_u", "shift_jis", "windows_1251")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A table's file: `path` is a Parquet file as it came, or its text in UTF-8; `encoding` is what the file
    has itself, by Python's name."""

    path: Path
    is_parquet: bool
    encoding: str


@contextmanager
def opened(file: Path) -> Iterator[Opened]:
    """The file for as long as the context lasts; raises DraftError for what is no table."""
    if not file.exists():
        raise DraftError(f"{file}: there is no such file")
    if not file.is_file():
        raise DraftError(f"{file}: is no file; name one table")
    with TemporaryDirectory(prefix="draft-") as scratch:
        yield _open(file, Path(scratch))


def _open(file: Path, scratch: Path) -> Opened:
    head = _head(file)
    if head.startswith(GZIP):
        plain = scratch / file.with_suffix("").name
        _unpack(file, plain)
        file, head = plain, _head(plain)
    if head.startswith(PARQUET):
        return Opened(path=file, is_parquet=True, encoding="")
    _refuse_others(file, head)
    encoding = _encoding(file, head)
    if encoding == "utf-8":
        return Opened(path=file, is_parquet=False, encoding=encoding)
    text = scratch / "text.csv"
    _transcode(file, encoding, text)
    return Opened(path=text, is_parquet=False, encoding=encoding)


def _head(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(_HEAD_BYTES)


def _unpack(file: Path, plain: Path) -> None:
    try:
        with gzip.open(file) as packed, plain.open("wb") as stream:
            shutil.copyfileobj(packed, stream, _CHUNK_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise DraftError(f"{file}: is no whole gzip archive ({error}); pack it again") from error


def _refuse_others(file: Path, head: bytes) -> None:
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise DraftError(f"{file}: is empty")
    for signature, advice in _OTHERS.items():
        if head.startswith(signature):
            raise DraftError(f"{file}: is {advice}")
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise DraftError(f"{file}: is an HTML or XML document; export the table as CSV")
    if _JSON.match(start):
        raise DraftError(f"{file}: is JSON; write its records as CSV, one row a record")


def _encoding(file: Path, head: bytes) -> str:
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    if b"\x00" in head:
        return _without_bom(file, head)
    if _decodes(file, "utf-8"):
        return "utf-8"
    found = from_bytes(_telling(file)).best()
    name = found.encoding if found else _WESTERN
    if name not in _FOREIGN:
        name = _WESTERN if _decodes(file, _WESTERN) else "latin-1"
    if not _decodes(file, name):
        raise DraftError(f"{file}: its encoding cannot be told; save it as UTF-8")
    return str(name)


def _without_bom(file: Path, head: bytes) -> str:
    """UTF-16 of mostly Latin letters has its zero bytes at every second place."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) > len(head) // 4 and min(even, odd) < len(head) // 20:
        return "utf-16-le" if odd > even else "utf-16-be"
    raise DraftError(f"{file}: holds zero bytes and is no text; save the table as CSV or Parquet")


def _telling(file: Path) -> bytes:
    """The lines that tell the encoding: those with bytes above ASCII."""
    found, size = [], 0
    with file.open("rb") as stream:
        for line in stream:
            if not line.isascii():
                found.append(line)
                size += len(line)
                if size > 1 << 16:
                    break
    return b"".join(found)


def _decodes(file: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                decoder.decode(chunk)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _transcode(file: Path, encoding: str, text: Path) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with file.open("rb") as stream, text.open("w", encoding="utf-8", newline="") as written:
            while chunk := stream.read(_CHUNK_BYTES):
                written.write(decoder.decode(chunk))
            written.write(decoder.decode(b"", True))
    except UnicodeDecodeError as error:
        raise DraftError(
            f"{file}: is not {encoding} throughout ({error.reason}); save it as UTF-8"
        ) from error


def upload_name(name: str, content: bytes) -> str:
    """The object's name under incoming/: what a file is, its suffix says there, and nothing unfinished begins
    with a dot or an underscore."""
    stem = name.partition(".")[0] if name.lower().endswith(".gz") else Path(name).stem
    suffix = ".parquet" if content.startswith(PARQUET) else ".csv"
    packed = ".gz" if content.startswith(GZIP) else ""
    return (stem.lstrip("_. ") or "upload") + suffix + packed
