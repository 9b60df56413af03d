"""What a container sees: the system's libraries and tools, its image, its Python, and nothing else of this
machine.

Writes the plan that `sandbox` carries out. Homes, the cloud's state, credentials, /usr/local and
what else is on this machine don't appear; compilers don't either, unless the image has one.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from localcloud.containers import closure, pythons

Step = list[Any]
_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix", "/gnu", "/sys")
_OF_USR = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libexec", "share")
_OF_ETC = (
    *("alternatives", "ca-certificates", "ca-certificates.conf", "fonts", "gai.conf", "host.conf", "hosts"),
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf", "pki"),
    *("protocols", "resolv.conf", "services", "ssl", "timezone"),
)
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_EMPTY = "/run/nothing"
_COMPILER = re.compile(
    r"(?:\w+-linux-\w+-)?(?:gcc|g\+\+|cc|c\+\+|c89|c99|cpp|clang|clang\+\+|tcc|icc|gfortran|nvcc)(?:-gcc)?"
    r"(?:-[\d.]+)?"
)
_LARGEST_COPY_BYTES = 64 * 1024 * 1024


def steps(
    image_root: Path,
    python: Path,
    *,
    scratch: Path,
    ml_directory: Path | None,
    read_only: bool,
    tmp_bytes: int | None,
    has_compiler: bool,
    certificates: str | None,
) -> list[Step]:
    """The steps of a plan, in order; raises ValueError for an image that can't be shown.

    `scratch` takes what the container writes; `tmp_bytes` limits /tmp, where it is given.
    """
    return [
        *(
            [
                ["directory", f"/{name}"]
                for name in ("etc", "opt", "proc", "run", "usr", "var", "home", "root")
            ]
        ),
        *_system(),
        *([] if has_compiler else _without_compilers()),
        *_etc(certificates),
        *_devices(shared_memory=not read_only),
        ["bind", "/proc", "/proc"],
        *_python(python),
        *_image(image_root, scratch, read_only=read_only),
        *([] if ml_directory is None else [["bind", "/opt/ml", str(ml_directory)]]),
        _tmp(scratch, tmp_bytes),
    ]


def _system() -> Iterator[Step]:
    yield from _shown(Path("/usr") / name for name in _OF_USR)
    yield from _shown(map(Path, _SYSTEM))


def _shown(paths: Any) -> Iterator[Step]:
    """Each as it is on this machine: a link, or read-only."""
    for path in paths:
        if path.is_symlink():
            yield ["link", str(path), os.readlink(path)]
        elif path.exists():
            yield ["read", str(path), str(path)]


def _without_compilers() -> Iterator[Step]:
    """Cover each compiler with a file that can't be run."""
    yield ["text", _EMPTY, ""]
    for path in sorted(compilers()):
        yield ["over", path, _EMPTY]


def compilers(directories: Sequence[str] = ("/usr/bin", "/bin")) -> set[str]:
    """The files behind every compiler's name, as far as containers would see them."""
    found: set[str] = set()
    for directory in directories:
        if not os.path.isdir(directory):
            continue
        for entry in os.scandir(directory):
            real = os.path.realpath(entry.path)
            if _COMPILER.fullmatch(entry.name) and real.startswith(("/usr/", "/bin/", "/nix/")):
                found.add(real)
    return {path for path in found if os.path.isfile(path) and not path.endswith("/ccache")}


def _etc(certificates: str | None) -> Iterator[Step]:
    yield ["text", "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"]
    yield ["text", "/etc/group", "root:x:0:\nnogroup:x:65534:\n"]
    for name in _OF_ETC:
        source = os.path.realpath(f"/etc/{name}")
        if os.path.exists(source):
            yield ["read", f"/etc/{name}", source]
    if certificates and os.path.isfile(certificates) and not certificates.startswith(("/usr/", "/etc/ssl/")):
        yield ["read", certificates, os.path.realpath(certificates)]


def _devices(*, shared_memory: bool) -> Iterator[Step]:
    yield ["directory", "/dev"]
    for name in _DEVICES:
        if os.path.exists(f"/dev/{name}"):
            yield ["bind", f"/dev/{name}", f"/dev/{name}"]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        yield ["link", f"/dev/{name}", f"/proc/self/fd/{number}"]
    yield ["link", "/dev/fd", "/proc/self/fd"]
    if shared_memory:
        yield ["tmpfs", "/dev/shm", "mode=1777"]  # noqa: S108 (the container's own)


def _python(python: Path) -> Iterator[Step]:
    """The interpreter where it was built to be, and the closure's view of the distributions."""
    interpreter = pythons.interpreter()
    library = interpreter.parent.parent / "lib"
    if not str(interpreter).startswith(("/usr/bin/", "/nix/", "/gnu/")):
        yield ["read", str(interpreter), str(interpreter)]
        yield ["read", str(library), str(library)]
    yield ["read", pythons.SITE_INSIDE, str(closure.site_directory())]
    yield ["read", pythons.INSIDE, str(python)]


def _image(root: Path, scratch: Path, *, read_only: bool) -> Iterator[Step]:
    """The image's files; of a container that may write, a copy that is its own."""
    if not read_only and _bytes(root) <= _LARGEST_COPY_BYTES:
        copy = scratch / "image"
        shutil.copytree(root, copy, symlinks=True)
        root = copy
        yield from _merged(root, "", "bind")
    else:
        yield from _merged(root, "", "read")


_COMPOSED = frozenset({"", "/opt", "/usr", "/var", "/etc", "/home", "/root", "/run"})
_TAKEN = frozenset({*_SYSTEM, *(f"/usr/{name}" for name in _OF_USR), "/proc", "/dev", pythons.INSIDE})


def _merged(directory: Path, inside: str, how: str) -> Iterator[Step]:
    for path in sorted(directory.iterdir()):
        target = f"{inside}/{path.name}"
        if target in ("/opt/ml", "/tmp"):  # noqa: S108 (the container's own comes there)
            continue
        if target in _TAKEN:
            raise ValueError(
                f"the image puts files into {target}, which the embedded cloud shows as this machine has it; "
                "copy them elsewhere, below /opt, /srv or /var for instance"
            )
        if target in _COMPOSED:
            yield from _merged(path, target, how)
        elif path.is_symlink():
            yield ["link", target, os.readlink(path)]
        else:
            yield [how, target, str(path)]


def _tmp(scratch: Path, tmp_bytes: int | None) -> Step:
    if tmp_bytes is not None:
        return ["tmpfs", "/tmp", f"mode=1777,size={tmp_bytes}"]  # noqa: S108 (the container's own)
    (scratch / "tmp").mkdir(exist_ok=True)
    return ["bind", "/tmp", str(scratch / "tmp")]  # noqa: S108 (the container's own)


def _bytes(root: Path) -> int:
    return sum(path.lstat().st_size for path in root.rglob("*") if path.is_file())
