"""Synthesise one stage of the pipeline that `pipeline.toml` describes: `cdk synth -c stage=prod`."""

from __future__ import annotations

import json
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
    stack = PipelineStack(app, root=ROOT, config=config, stage=stage)
    assembly = app.synth()
    if config.budget.max_monthly_usd is not None:
        from operations.cost.ceiling import hold
        from operations.cost.prices import Prices

        template = json.loads(Path(assembly.directory, stack.template_file).read_text(encoding="utf-8"))
        hold(template, config, stage.name, Prices.load())


if __name__ == "__main__":
    try:
        main()
    except (PipelineConfigError, UnknownStageError) as error:
        sys.exit(str(error))
