"""Archives that nobody vouches for."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from localcloud.containers import archives


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> tarfile.TarFile:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    buffer.seek(0)
    return tarfile.open(fileobj=buffer)


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, mode
    return info


def test_files_and_directories_are_written(tmp_path: Path) -> None:
    archives.extract(tar_of((member("./code", tarfile.DIRTYPE), b""), (member("code/a.py"), b"1")), tmp_path)
    assert (tmp_path / "code/a.py").read_bytes() == b"1"


def test_a_program_stays_executable_and_nobodys_special_mode_is_kept(tmp_path: Path) -> None:
    archives.extract(tar_of((member("run", mode=0o4777), b"#!")), tmp_path)
    assert (tmp_path / "run").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize(
    "bad",
    [
        member("../escaped"),
        member("/escaped"),
        member("link", tarfile.SYMTYPE, "/etc/passwd"),
        member("link", tarfile.LNKTYPE, "../escaped"),
        member("pipe", tarfile.FIFOTYPE),
    ],
)
def test_what_is_no_file_of_the_directory_is_refused(tmp_path: Path, bad: tarfile.TarInfo) -> None:
    with pytest.raises(tarfile.TarError, match=r"escaped|link|pipe"):
        archives.extract(tar_of((bad, b"")), tmp_path / "in")
    assert [path.name for path in tmp_path.rglob("*")] in ([], ["in"])
