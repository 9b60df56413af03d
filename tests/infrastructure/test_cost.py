"""docs/cost.md is what the forecast says of the stages as they are shipped."""

from __future__ import annotations

from contracts.pipeline_config import PipelineConfig
from operations.cost import document
from operations.cost.template import count
from tests.infrastructure.template import Synthesised


def test_the_page_is_current(stages: dict[str, Synthesised], config: PipelineConfig):
    page = document.of_templates({name: found.document for name, found in stages.items()}, config)
    assert document.PLACE.read_text() == page, "run python -m operations.cost.document --write"


def test_what_is_billed_is_found_in_the_template(dev: Synthesised, vpc: Synthesised):
    found = count(dev.document)
    assert (found.keys, found.dashboards, found.interface_endpoints) == (1, 1, 0)
    assert len(found.scheduled) >= 2
    assert found.states > 20
    assert found.has_mlflow
    assert count(vpc.document).interface_endpoints >= 6
