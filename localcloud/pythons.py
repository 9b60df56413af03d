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

from localcloud import closure

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
    for file in closure.distribution(name).files or ():
        parts = file.parts
        if parts[0] == "..":
            if len(parts) > 1 and parts[-2] == "bin":
                _script(Path(str(file.locate())), draft / "bin" / parts[-1], home)
            continue
        depth = _whole(parts)
        place = draft / _LIBRARY / Path(*parts[:depth])
        if "__pycache__" not in parts[:depth] and not os.path.lexists(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(site / Path(*parts[:depth]))


def _whole(parts: tuple[str, ...]) -> int:
    """How many parts of a file's path name what belongs to one distribution alone."""
    at = closure.site_directory()
    for depth, part in enumerate(parts, 1):
        at /= part
        if part.endswith((".dist-info", ".libs")) or (at / "__init__.py").exists() or not at.is_dir():
            return depth
    return len(parts)


def _script(source: Path, target: Path, home: Path) -> None:
    """A console script starts the closure's Python and not the host's."""
    if not source.is_file() or target.exists():
        return
    first, newline, rest = source.read_bytes().partition(b"\n")
    if first.startswith(b"#!") and b"python" in first:
        target.write_bytes(f"#!{home}/bin/python".encode() + newline + rest)
        target.chmod(0o755)
