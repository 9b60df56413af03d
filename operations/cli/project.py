"""The project that the command was started for, and its pipeline's name."""

from __future__ import annotations

import tomllib
from pathlib import Path

from operations.reading.errors import NotThereError

FILE_NAME = "pipeline.toml"
OWN = Path(__file__).resolve().parents[2]


def root() -> Path:
    """The folder at hand, or the nearest above it, that has a pipeline.toml; else this code's own."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / FILE_NAME).is_file()), OWN)


def app_root() -> Path:
    """The project whose app can be synthesised; raises NotThereError where there is a pipeline.toml alone."""
    found = root()
    if not (found / "app.py").is_file():
        raise NotThereError(
            f"{found} has a {FILE_NAME} and no app.py, which is what is deployed.",
            "Start this in the project's folder.",
        )
    return found


def pipeline_name() -> str:
    """Read alone, for the whole file is checked where it is used: by `cdk synth`. Raises NotThereError."""
    path = root() / FILE_NAME
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))["pipeline"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        raise NotThereError(
            f"{path} names no pipeline.",
            'It needs [pipeline] with name = "..."; `make init DATA=file.csv TARGET=column` drafts one.',
        ) from None
    return str(found)


def target() -> str:
    """The column that is predicted; empty where pipeline.toml does not say."""
    try:
        found = tomllib.loads((root() / FILE_NAME).read_text(encoding="utf-8"))["dataset"]["target"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return str(found)
