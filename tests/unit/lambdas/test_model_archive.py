"""A model archive that nobody vouches for."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from lambdas.model_archive import ArchiveError, unpack


def archive(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_files_are_unpacked(tmp_path: Path) -> None:
    unpack(archive(tmp_path / "m.tar.gz", (member("./manifest.json"), b"{}")), tmp_path / "out")
    assert (tmp_path / "out/manifest.json").read_bytes() == b"{}"


@pytest.mark.parametrize(
    "bad",
    [
        member("../escaped"),
        member("/tmp/../../escaped"),
        member("link", tarfile.SYMTYPE, "/etc/passwd"),
        member("link", tarfile.LNKTYPE, "../escaped"),
        member("pipe", tarfile.FIFOTYPE),
        member("device", tarfile.CHRTYPE),
    ],
)
def test_nothing_leaves_the_directory_or_is_but_a_file(tmp_path: Path, bad: tarfile.TarInfo) -> None:
    made = archive(tmp_path / "m.tar.gz", (bad, b""))
    with contextlib.suppress(ArchiveError):
        unpack(made, tmp_path / "in" / "out")
    found = [Path(at) / name for at, _, names in os.walk(tmp_path) for name in names if name != "m.tar.gz"]
    assert all((tmp_path / "in" / "out") in path.parents for path in found)
    assert not any(path.is_symlink() for path in found)


def test_more_than_the_bound_is_refused_before_it_is_written(tmp_path: Path) -> None:
    made = archive(tmp_path / "m.tar.gz", (member("zeros"), bytes(100_000)))
    with pytest.raises(ArchiveError, match="more than 50,000 bytes"):
        unpack(made, tmp_path / "out", max_bytes=50_000)
    assert not (tmp_path / "out/zeros").exists()


def test_a_thousand_files_are_refused(tmp_path: Path) -> None:
    made = archive(tmp_path / "m.tar.gz", *((member(f"f{i}"), b"") for i in range(1000)))
    with pytest.raises(ArchiveError, match="100 files"):
        unpack(made, tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"not a gzip at all", b"\x1f\x8b\x08\x00" + bytes(20)])
def test_what_is_no_archive_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.tar.gz").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"no sound \.tar\.gz"):
        unpack(tmp_path / "m.tar.gz", tmp_path / "out")


def test_a_truncated_archive_says_so(tmp_path: Path) -> None:
    made = archive(tmp_path / "m.tar.gz", (member("a"), os.urandom(50_000)))
    made.write_bytes(made.read_bytes()[:20_000])
    with pytest.raises(ArchiveError, match=r"no sound \.tar\.gz"):
        unpack(made, tmp_path / "out")
