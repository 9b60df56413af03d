"""Python as a container has it: this machine's interpreter with the distributions of one closure.

Each closure has a directory that looks like a virtual environment: links to the interpreter and to what the
distributions consist of, whose files stay where they are.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from localcloud.containers import closure

INSIDE = "/var/lang"
"""Where a container with a root of its own has its Python: where Lambda's runtimes have theirs."""
SITE_INSIDE = "/run/python/site-packages"
"""Where the files that the links mean lie in such a container."""
_LIBRARY = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def interpreter() -> Path:
    """The interpreter's own file, behind any virtual environment."""
    return Path(sys.executable).resolve()


def environment(store: Path, names: Iterable[str] | None, *, inside: bool) -> Path:
    """The directory for a closure, made once below `store`; None stands for everything that is installed.

    `inside`: for a container with a root of its own, whose links mean files at SITE_INSIDE.
    """
    site = Path(SITE_INSIDE) if inside else closure.site_directory()
    known = None if names is None else sorted(closure.closure(names))
    key = hashlib.sha256(repr((known, str(site), str(interpreter()), sys.version)).encode()).hexdigest()[:24]
    target = store / key
    if target.is_dir():
        return target
    draft = store / f"{key}.{os.getpid()}.{os.urandom(4).hex()}.draft"
    (draft / _LIBRARY).mkdir(parents=True)
    (draft / "bin").mkdir()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for name in ("python", "python3", f"python{version}"):
        (draft / "bin" / name).symlink_to(interpreter())
    (draft / "pyvenv.cfg").write_text(
        f"home = {interpreter().parent}\ninclude-system-site-packages = false\nversion = {version}\n"
    )
    if known is None:
        for path in closure.site_directory().iterdir():
            (draft / _LIBRARY / path.name).symlink_to(site / path.name)
    else:
        home = Path(INSIDE) if inside else target
        for name in known:
            _link(name, draft, site, home)
    try:
        draft.rename(target)
    except OSError:  # another one was faster
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _link(name: str, draft: Path, site: Path, home: Path) -> None:
    """One distribution: whole packages by one link, what several share file by file, scripts as they are."""
    library = draft / _LIBRARY
    looked_at: dict[str, bool] = {}
    for line in (closure.distribution(name).read_text("RECORD") or "").splitlines():
        path = line.rsplit(",", 2)[0].strip('"')
        if path.startswith(".."):
            if path.split("/")[-2:-1] == ["bin"]:
                _script(closure.site_directory() / path, draft / "bin" / path.rpartition("/")[2], home)
            continue
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            inside = "/".join(parts[:depth])
            if inside not in looked_at:
                looked_at[inside] = depth == len(parts) or _is_whole(inside)
                if looked_at[inside] and parts[depth - 1] != "__pycache__":
                    _place(library / inside, site / inside)
            if looked_at[inside]:
                break


def _is_whole(inside: str) -> bool:
    """Whether a directory belongs to one distribution alone: a package, its metadata, its libraries."""
    at = closure.site_directory() / inside
    return inside.endswith((".dist-info", ".libs", "__pycache__")) or (at / "__init__.py").exists()


def _place(link: Path, target: Path) -> None:
    if not os.path.lexists(link):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)


def _script(source: Path, target: Path, home: Path) -> None:
    """A console script starts the closure's Python and not the host's."""
    if not source.is_file() or target.exists():
        return
    first, newline, rest = source.read_bytes().partition(b"\n")
    if first.startswith(b"#!") and b"python" in first:
        target.write_bytes(f"#!{home}/bin/python".encode() + newline + rest)
        target.chmod(0o755)
