"""The project itself with a tiny pipeline.toml in place of its own, synthesised once."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
from pathlib import Path

from localcloud.deploy.synth import Synth
from localcloud.processes.children import Processes

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "chaos"
PARTS = (
    "app.py",
    "cdk.json",
    "contracts",
    "inference",
    "infra_cdk",
    "lambdas",
    "scoring",
    "step_functions",
    "training_jobs",
)


TINY = Path(__file__).with_name("pipeline.toml").read_text()


def assembly(config: str = TINY) -> Path:
    """A fresh cdk.out of the pipeline that this pipeline.toml describes; its path.

    It is gone when this process ends.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    parent = Path(tempfile.mkdtemp(prefix="project-", dir=BUILD))
    atexit.register(shutil.rmtree, parent, ignore_errors=True)
    project, out = copied(parent / "project"), parent / "cdk.out"
    (project / "pipeline.toml").write_text(config)
    processes = Processes()
    try:
        return Synth(processes, "dev", out, project).assembly()
    finally:
        processes.stop_all(grace_seconds=0.0)
        processes.close()


def copied(project: Path) -> Path:
    """A copy of the project with the tiny pipeline, in a directory that does not exist yet."""
    project.mkdir()
    for part in PARTS:
        _copy(ROOT / part, project / part)
    shutil.copy(Path(__file__).with_name("pipeline.toml"), project / "pipeline.toml")
    return project


def revision() -> str:
    """What is tested, for the results' file: results of another revision are not resumed."""
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return head.stdout.strip() or "unknown"


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)
