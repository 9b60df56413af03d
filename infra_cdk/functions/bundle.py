"""The zips of the lean Lambdas: what their handlers import, and their locked dependencies, laid out by uv.

No Docker takes part. A zip holds the files that the functions of one group import and no others, and its hash
is that of these files and of the lock: what a function doesn't use can't redeploy it, and neither machine nor
time of the build can change it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_

from contracts.names import folder_of
from infra_cdk.functions.imports import imported_files

LOCK = "lambdas/requirements-zip.txt"
PYTHON_VERSION = "3.12"
PLATFORM = "aarch64-manylinux_2_28"
INSTALL = (
    *("--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--link-mode", "copy"),
    *("--python-version", PYTHON_VERSION, "--python-platform", PLATFORM),
)


class BundlingError(RuntimeError):
    """The zip could not be put together; the message says why."""


def zip_code(root: Path, states: Sequence[str], *, files: Sequence[str] = ()) -> lambda_.Code:
    """The code of the functions of these states, in one asset, and beside it these files of the root."""
    return lambda_.Code.from_asset(
        str(root / "lambdas"),
        asset_hash=source_hash(root, states, files),
        asset_hash_type=cdk.AssetHashType.CUSTOM,
        bundling=cdk.BundlingOptions(
            image=cdk.DockerImage.from_registry("unused: bundled locally"),
            local=UvBundling(root, sources(root, states, files)),
        ),
    )


def source_hash(root: Path, states: Sequence[str], files: Sequence[str] = ()) -> str:
    """SHA-256 (hex) over path and content of everything that goes into the zip, and the target's platform."""
    digest = hashlib.sha256(f"{PYTHON_VERSION} {PLATFORM}".encode())
    for path in (Path(LOCK), *sources(root, states, files)):
        digest.update(f"\0{path.as_posix()}\0".encode())
        digest.update((root / path).read_bytes())
    return digest.hexdigest()


def sources(root: Path, states: Sequence[str], files: Sequence[str] = ()) -> list[Path]:
    """The repository's files that go into the zip, as paths from its root."""
    handlers = [f"lambdas.{folder_of(state)}.handler" for state in states]
    return [*imported_files(root, handlers), *map(Path, files)]


@jsii.implements(cdk.ILocalBundling)
class UvBundling:
    """Installs the lock for the Lambda's platform, whatever this machine's is, then copies the files."""

    def __init__(self, root: Path, files: Sequence[Path]) -> None:
        self._root, self._files = root, files

    def try_bundle(self, output_dir: str, options: object = None, **_: object) -> bool:
        target = Path(output_dir)
        self._install(target)
        for path in self._files:
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._root / path, target / path)
        return True

    def _install(self, target: Path) -> None:
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
        if uv is None:
            raise BundlingError("uv is not installed: run `make setup`, or pip install uv")
        done = subprocess.run(
            [uv, "pip", "install", *INSTALL, "--target", str(target), "-r", str(self._root / LOCK)],
            check=False,
            capture_output=True,
            text=True,
            env={"UV_SYSTEM_CERTS": "1", **os.environ},
        )
        if done.returncode:
            raise BundlingError(f"uv could not install {LOCK} for the Lambdas: {done.stderr.strip()}")
        (target / ".lock").unlink(missing_ok=True)  # uv's own, and no part of the function
