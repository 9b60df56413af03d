"""Uploads that were once misread, as they came, through the shipped contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.pipeline_config import PipelineConfig
from lambdas.datasets.upload.arrival import receive
from lambdas.ingest_data.ingestion import Dataset, ingest
from lambdas.uploads import Upload
from tests.unit.cases.found import CASES, needed

pytestmark = needed
ROOT = Path(__file__).resolve().parents[3]


def ingested(case: str, scratch: Path) -> Dataset:
    config = PipelineConfig.load(ROOT / "pipeline.toml")
    content = (CASES / case).read_bytes()
    return ingest(receive([content], "incoming/upload.csv", scratch, config.dataset), config, scratch)


def found(dataset: Dataset) -> tuple[int, int, list[tuple[str, int]]]:
    """Rows in all, rows set aside, and where the first of each kind stands."""
    lines = [(violation.rule, violation.line) for violation in dataset.violations]
    return dataset.rows, dataset.quarantined_rows, lines


def test_a_stray_quote_costs_its_own_line(tmp_path: Path) -> None:
    assert found(ingested("01-stray-quote/upload.csv", tmp_path)) == (2000, 1, [("csv", 601)])


def test_one_line_that_ends_otherwise_is_a_row_like_the_others(tmp_path: Path) -> None:
    assert found(ingested("02-mixed-line-ends/upload.csv", tmp_path)) == (800, 0, [])


def test_a_carriage_return_inside_of_a_line_costs_that_line(tmp_path: Path) -> None:
    assert found(ingested("02-mixed-line-ends/lone-cr.csv", tmp_path)) == (800, 1, [("csv", 703)])


def test_every_spelling_of_an_ending_is_an_upload() -> None:
    calls = (CASES / "05-suffix-case/calls.txt").read_text().splitlines()
    keys = [line.split()[1] for line in calls if line.startswith("PutObject")]
    assert len(keys) == 3
    for key in keys:
        assert Upload(bucket="raw", key=key, version_id="v", sequencer="1").is_wanted


@pytest.mark.parametrize("lines", [1000, 1999])
def test_a_second_stray_quote_far_below_swallows_nothing(tmp_path: Path, lines: int) -> None:
    content = (CASES / "01-stray-quote/upload.csv").read_bytes().split(b"\n")
    before, mark, behind = content[lines].rpartition(b",")
    content[lines] = before + mark + b'"' + behind
    config = PipelineConfig.load(ROOT / "pipeline.toml")
    arrival = receive([b"\n".join(content)], "incoming/upload.csv", tmp_path, config.dataset)
    assert found(ingest(arrival, config, tmp_path))[:2] == (2000, 2)
