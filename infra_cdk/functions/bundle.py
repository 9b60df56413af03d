"""The zip of the lean Lambdas: contracts, lambdas and their locked dependencies, put together by uv.

No Docker takes part. The asset's hash is that of the sources and of the lock, so an unchanged zip is not
built again, and neither machine nor time of the build can change it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_

PACKAGES = ("contracts", "lambdas")
LOCK = "lambdas/requirements-zip.txt"
PYTHON_VERSION = "3.12"
PLATFORM = "aarch64-manylinux_2_28"
INSTALL = (
    *("--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--link-mode", "copy"),
    *("--python-version", PYTHON_VERSION, "--python-platform", PLATFORM),
)
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "Dockerfile", "requirements*")


class BundlingError(RuntimeError):
    """The zip could not be put together; the message says why."""


def zip_code(root: Path) -> lambda_.Code:
    """The code of every zip Lambda; one asset for all of them."""
    return lambda_.Code.from_asset(
        str(root / "lambdas"),
        asset_hash=source_hash(root),
        asset_hash_type=cdk.AssetHashType.CUSTOM,
        bundling=cdk.BundlingOptions(
            image=cdk.DockerImage.from_registry("unused: bundled locally"), local=UvBundling(root)
        ),
    )


def source_hash(root: Path) -> str:
    """SHA-256 (hex) over path and content of everything that goes into the zip, and the target's platform."""
    digest = hashlib.sha256(f"{PYTHON_VERSION} {PLATFORM}".encode())
    for path in _sources(root):
        digest.update(f"\0{path.relative_to(root).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources(root: Path) -> Iterator[Path]:
    yield root / LOCK
    for package in PACKAGES:
        yield from sorted(path for path in (root / package).rglob("*.py"))


@jsii.implements(cdk.ILocalBundling)
class UvBundling:
    """Installs the lock for the Lambda's platform, whatever this machine's is, then copies the packages."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def try_bundle(self, output_dir: str, options: object = None, **_: object) -> bool:
        target = Path(output_dir)
        self._install(target)
        for package in PACKAGES:
            shutil.copytree(self._root / package, target / package, ignore=IGNORED)
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
