"""A file whose labels went to other rows, after one that made a good champion: the champion stays, and why
its answers fit no longer is said."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.pipeline_config import PipelineConfig
from lambdas.datasets.sketch import Sketch, SketchBuilder
from lambdas.evaluate_model.evaluation import Evaluation, evaluate
from lambdas.evaluate_model.exposure import Exposure
from lambdas.evaluate_model.holdout import read_holdout
from lambdas.ingest_data.ingestion import HOLDOUT, TRAIN
from operations.draft.drafting import drafted
from operations.draft.table import table_of
from tests.tables.whole_way import trained
from tests.unit.cases.found import CASES, needed

pytestmark = needed
FIRST, SECOND = (CASES / "tables" / name for name in ("70_first.csv", "71_second_labels_shuffled.csv"))


def config() -> PipelineConfig:
    """The first file's own draft, but for an estimator that takes no time to choose."""
    with table_of(FIRST) as table:
        _, text, _ = drafted(table, "diagnosis")
    document = tomllib.loads(text)
    document["training"]["estimator"] = "linear"
    return PipelineConfig.from_document(document)


def sketch_of(directory: Path, contract: PipelineConfig) -> Sketch:
    rows = pq.read_table(directory / TRAIN)
    builder = SketchBuilder(contract.dataset, rows.num_rows, key="sketch")
    for batch in rows.to_batches():
        builder.add(batch)
    return builder.finish()


@pytest.fixture(scope="module")
def evaluations(tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluation, Evaluation]:
    """Of the first file's model alone, and of the second's beside it on the second file's holdout."""
    folders = [tmp_path_factory.mktemp(name) for name in ("first", "second")]
    contract = config()
    first, champion = trained(FIRST, contract, folders[0])
    alone = evaluate(
        config=contract,
        holdout=read_holdout([first.directory / HOLDOUT], contract.dataset),
        champion_profile=None,
        challenger=champion,
        champion=None,
    )
    second, challenger = trained(SECOND, contract, folders[1])
    rows: pa.Table = pq.read_table(second.directory / HOLDOUT)
    known = sketch_of(first.directory, contract)
    beside = evaluate(
        config=contract,
        holdout=read_holdout([second.directory / HOLDOUT], contract.dataset),
        champion_profile=None,
        challenger=challenger,
        champion=champion,
        exposure=Exposure(
            challenger=sketch_of(second.directory, contract),
            asked=rows.num_rows,
            champion_rows=known.rows,
            new_rows=~known.seen(rows),
        ),
        champion_report=alone.metrics,
    )
    return alone, beside


def test_the_first_file_makes_a_good_champion(evaluations: tuple[Evaluation, Evaluation]) -> None:
    alone, _ = evaluations
    assert alone.verdict.promote, alone.verdict.reason
    assert alone.metrics["challenger"]["roc_auc_score"] > 0.9  # type: ignore[index]


def test_the_second_replaces_no_champion_and_a_person_is_told_of_its_labels(
    evaluations: tuple[Evaluation, Evaluation],
) -> None:
    _, beside = evaluations
    assert not beside.verdict.promote
    assert beside.verdict.outcome == "ChampionCollapsed", beside.verdict.reason
    assert any("label" in sentence for sentence in beside.advice), beside.advice
