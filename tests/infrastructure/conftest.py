"""Each stage is synthesised once for all tests; CloudFormation's own validation is `make check`'s."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import aws_cdk as cdk
import pytest

from contracts.names import Names
from contracts.network import Network
from contracts.pipeline_config import FILE_NAME, PipelineConfig
from infra_cdk.app import new_app
from infra_cdk.stack import PipelineStack
from infra_cdk.stages import STAGES, StageSettings
from tests.infrastructure.calls import Code
from tests.infrastructure.template import Synthesised

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def config() -> PipelineConfig:
    return PipelineConfig.load(ROOT / FILE_NAME)


@pytest.fixture(scope="session")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One output directory, so that an asset is staged once."""
    return tmp_path_factory.mktemp("cdk.out")


@pytest.fixture(scope="session")
def build(out: Path) -> Callable[[PipelineConfig, StageSettings], PipelineStack]:
    """A stack in an app of its own, not synthesised yet."""

    def build(config: PipelineConfig, stage: StageSettings) -> PipelineStack:
        app = new_app(outdir=str(out), builtin_cloud_formation_validation=False)
        return PipelineStack(app, root=ROOT, config=config, stage=stage)

    return build


Synthesise = Callable[[PipelineConfig, StageSettings], Synthesised]


@pytest.fixture(scope="session")
def synthesise(build: Callable[[PipelineConfig, StageSettings], PipelineStack]) -> Synthesise:
    def synthesise(config: PipelineConfig, stage: StageSettings) -> Synthesised:
        stack = build(config, stage)
        app = stack.node.root
        assert isinstance(app, cdk.App)
        document = app.synth().get_stack_by_name(stack.stack_name).template
        return Synthesised(stage, Names(config.name, stage.name), document)

    return synthesise


@pytest.fixture(scope="session")
def stages(config: PipelineConfig, synthesise: Synthesise) -> dict[str, Synthesised]:
    return {name: synthesise(config, stage) for name, stage in STAGES.items()}


@pytest.fixture(params=list(STAGES))
def template(request: pytest.FixtureRequest, stages: dict[str, Synthesised]) -> Synthesised:
    """Each stage's template in turn."""
    return stages[request.param]


@pytest.fixture(scope="session")
def dev(stages: dict[str, Synthesised]) -> Synthesised:
    return stages["dev"]


@pytest.fixture(scope="session")
def prod(stages: dict[str, Synthesised]) -> Synthesised:
    return stages["prod"]


@pytest.fixture(scope="session")
def in_vpc(config: PipelineConfig) -> PipelineConfig:
    """The same pipeline in a VPC of its own."""
    return replace(config, network=Network(vpc_stages=tuple(STAGES)))


@pytest.fixture(scope="session")
def vpc(in_vpc: PipelineConfig, synthesise: Synthesise) -> Synthesised:
    """Stage dev of it."""
    return synthesise(in_vpc, STAGES["dev"])


@pytest.fixture(scope="session")
def code() -> Code:
    return Code(ROOT)
