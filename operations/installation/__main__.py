"""`python3 -m operations.installation run|dev UV_VERSION`: .venv with what running or testing needs."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from operations.installation import environment, machine
from operations.installation.machine import SetUpError
from operations.installation.progress import Progress


@dataclass(frozen=True)
class Profile:
    """One lock, the file in .venv that says it is installed, and its figures: MB to download and on disk."""

    lock: str
    ready: tuple[str, ...]
    purpose: str
    download_mb: int
    disk_mb: int


PROFILES = {
    "run": Profile("requirements.txt", (".ready",), "what running needs", 420, 2_200),
    "dev": Profile("requirements-dev.txt", (".ready", ".ready-dev"), "what testing needs", 600, 2_600),
}
VENV = ".venv"


def main(arguments: Sequence[str] = tuple(sys.argv[1:])) -> int:
    root = Path(__file__).resolve().parents[2]
    profile, uv_version = PROFILES[arguments[0]], arguments[1]
    try:
        machine.require_python()
        (root / "build").mkdir(exist_ok=True)
        with _only_one(root / "build" / "set-up.lock"):
            _set_up(root, profile, uv_version)
    except SetUpError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"set-up: {error}\n{error.stderr or ''}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up: interrupted; the next make goes on.", file=sys.stderr)
        return 130
    return 0


def _set_up(root: Path, profile: Profile, uv_version: str) -> None:
    venv = root / VENV
    installed = _megabytes(venv) if environment.is_usable(venv) else 0
    machine.require_disk(root, max(profile.disk_mb - installed, 100), "The set-up")
    print(
        f"Setting up {profile.purpose} in {VENV}, once: about {profile.download_mb} MB to download "
        f"and {profile.disk_mb / 1000:.1f} GB of disk, minus what is here already.",
        flush=True,
    )
    environment.make(venv, uv_version, environment.run)
    with environment.being_changed(venv):
        _install(venv, root / profile.lock)
    environment.add_command(venv, root)
    for name in profile.ready:
        (venv / name).touch()
    print("\n".join(filter(None, (machine.lacking_openmp(), "Set-up is done."))), flush=True)


def _install(venv: Path, lock: Path) -> None:
    """Install the lock by uv; wheels alone, so that no compiler is needed."""
    command = [str(venv / "bin" / "uv"), "pip", "install", "--python", str(venv / "bin" / "python")]
    command += ["--no-build", "--compile-bytecode", "--require-hashes", "-r", str(lock)]
    progress = Progress(sys.stdout, is_terminal=sys.stdout.isatty() and os.environ.get("TERM") != "dumb")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as uv:
        progress.follow(uv.stderr or ())
    if uv.returncode:
        told = "\n".join(progress.said)
        raise SetUpError(f"the packages of {lock.name} could not be installed:\n{told}")


def _megabytes(folder: Path) -> int:
    sizes = (entry.lstat().st_size for entry in folder.rglob("*") if not entry.is_symlink())
    return sum(sizes) // 1_000_000


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Wait for another set-up of this folder to end; the kernel lets the lock go however it ends."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another set-up of this folder ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
