"""Synthesise one stage of the pipeline that `pipeline.toml` describes: `cdk synth -c stage=prod`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from contracts.pipeline_config import FILE_NAME, PipelineConfig
from contracts.reading import PipelineConfigError
from infra_cdk.app import new_app
from infra_cdk.stack import PipelineStack
from infra_cdk.stages import UnknownStageError, pick

ROOT = Path(__file__).parent


def main() -> None:
    config = PipelineConfig.load(ROOT / FILE_NAME)
    app = new_app()
    stage = pick(app.node.try_get_context("stage") or os.environ.get("STAGE") or "dev")
    PipelineStack(app, root=ROOT, config=config, stage=stage)
    app.synth()


if __name__ == "__main__":
    try:
        main()
    except (PipelineConfigError, UnknownStageError) as error:
        sys.exit(str(error))
