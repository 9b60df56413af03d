"""`make init DATA=file.csv TARGET=column`: write pipeline.toml, and keep the one that was there."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contracts.draft.reading import DraftError, look_at
from contracts.draft.toml import draft
from contracts.pipeline_config import FILE_NAME, PipelineConfig
from contracts.reading import PipelineConfigError

PREVIOUS = "pipeline.previous.toml"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make init", description=__doc__)
    parser.add_argument("data", type=Path, help="a CSV with a header")
    parser.add_argument("target", help="the column to predict")
    parser.add_argument("--output", type=Path, default=Path(FILE_NAME))
    arguments = parser.parse_args()
    try:
        text = draft(look_at(arguments.data), arguments.target, arguments.data.stem)
    except DraftError as error:
        print(error, file=sys.stderr)
        return 2
    output: Path = arguments.output
    if output.exists():
        kept = output.with_name(PREVIOUS)
        output.replace(kept)
        print(f"{output} was there; it is now {kept}")
    output.write_text(text, encoding="utf-8")
    try:
        config = PipelineConfig.load(output)
    except PipelineConfigError as error:
        print(f"the draft needs your hand before it can be used: {error}", file=sys.stderr)
        return 1
    print(
        f"{output}: pipeline {config.name!r}, {config.dataset.task} of {config.dataset.target!r} "
        f"from {len(config.dataset.feature_columns)} columns. Read it through, then:\n"
        f"  make rehearse DATA={arguments.data}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
