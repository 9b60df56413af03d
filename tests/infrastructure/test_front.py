"""A front that is asked for and not built is refused by name, and never left out in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contracts.front import Front
from contracts.reading import PipelineConfigError
from infra_cdk.stages import DEV, PROD


def test_a_stage_with_a_front_is_refused_and_the_other_is_not(config, build):
    asked = replace(config, front=Front(stages=("dev",)))
    with pytest.raises(PipelineConfigError, match=r"front\.stages: 'dev' can't be deployed with a front yet"):
        build(asked, DEV)
    assert build(asked, PROD).stack_name == "housing-prod"
