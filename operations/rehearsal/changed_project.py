"""The project as it is, but for its pipeline.toml: what an act plays that shows another setting.

The project's own file stays as it is.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contracts.pipeline_config import FILE_NAME
from localcloud.deploy.synth import Synth
from localcloud.processes.children import Processes

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    *("app.py", "cdk.json", "contracts", "inference", "infra_cdk", "lambdas"),
    *("scoring", "step_functions", "training_jobs"),
)


@contextmanager
def assembly(text: str) -> Iterator[Path]:
    """A cdk.out of the project with a pipeline.toml of this text; gone at the end. Raises SynthError."""
    parent = Path(tempfile.mkdtemp(prefix="act-"))
    project, processes = parent / "project", Processes()
    try:
        project.mkdir()
        for part in PARTS:
            _copy(ROOT / part, project / part)
        (project / FILE_NAME).write_text(text, encoding="utf-8")
        yield Synth(processes, "dev", parent / "cdk.out", project).assembly()
    finally:
        processes.stop_all(grace_seconds=0.0)
        processes.close()
        shutil.rmtree(parent, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)
