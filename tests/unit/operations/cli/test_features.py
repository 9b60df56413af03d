"""`greenlight features` and `greenlight parity`, over what the stream's function wrote into a store."""

from __future__ import annotations

import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from contracts.feature_groups import Aggregate, FeatureGroup
from contracts.pipeline_config import PipelineConfig
from lambdas.accept_records import featuring
from lambdas.aws import clients
from lambdas.features.windows import Event
from operations.cli import features
from operations.cli.exits import Exit, NotInThisStackError
from operations.reading.errors import ReadingError
from tests.unit.lambdas.features.store import LocalStore

ROOT = Path(__file__).parents[4]
SHIPPED = tomllib.loads((ROOT / "pipeline.toml").read_text(encoding="utf-8"))
NAME, NOW = "housing-dev-houses-v1", 1_796_133_900.0
TABLE = {
    "name": "houses",
    "entity": "house",
    "stages": ["dev"],
    "features": ["ocean_proximity", "total_rooms"],
    "aggregates": {"rooms_mean": 'mean(total_rooms, "1h")'},
}
GROUP = FeatureGroup(
    name="houses",
    entity="house",
    stages=("dev",),
    features=("ocean_proximity", "total_rooms"),
    aggregates=(Aggregate(name="rooms_mean", function="mean", column="total_rooms", window_seconds=3600),),
)
OTHERS = ("longitude", "latitude", "housing_median_age", "total_bedrooms", "population", "households")


class Told:
    """What a command said."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.documents: list[Any] = []

    def line(self, text: str, style: str = "") -> None:
        self.lines.append(text)

    def document(self, document: Any) -> None:
        self.documents.append(document)


@pytest.fixture
def stage(monkeypatch, tmp_path) -> Any:
    with mock_aws():
        yield _stage(monkeypatch, tmp_path)


def _stage(monkeypatch, tmp_path) -> Any:
    config = PipelineConfig.from_document(
        {**SHIPPED, "stream": {"source": "kinesis"}, "feature_groups": [TABLE]}
    )
    store = LocalStore(tmp_path, NOW)
    store.make(NAME, GROUP, config.dataset)
    monkeypatch.setitem(clients.MADE, "sagemaker-featurestore-runtime", store)
    monkeypatch.setattr(PipelineConfig, "load", lambda path: config)
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="artifacts")
    services = {"s3": s3, "sagemaker-featurestore-runtime": store}
    stack = SimpleNamespace(
        name="housing-dev",
        pipeline="housing",
        stage="dev",
        artifact_bucket="artifacts",
        outputs={"FeatureGroupNames": NAME},
    )
    reader = SimpleNamespace(stack=stack, clients=services.__getitem__)
    return SimpleNamespace(reader=reader, out=Told(), store=store, s3=s3)


def write(stage: Any, *events: tuple[str, float, float, str]) -> None:
    made = [
        Event(
            entity=entity,
            moment_us=round((NOW + second) * 1e6),
            values={"total_rooms": rooms, "ocean_proximity": near},
        )
        for entity, second, rooms, near in events
    ]
    featuring.write([(NAME, GROUP)], [made])


def drain(stage: Any) -> None:
    for key, body in stage.store.flush().items():
        stage.s3.put_object(Bucket="artifacts", Key=key, Body=body)


def labels(tmp_path: Path, *rows: tuple[str, float]) -> Path:
    path = tmp_path / "labels.csv"
    head = ["house", "seen", *OTHERS, "median_income", "median_house_value"]
    lines = [
        [entity, datetime.fromtimestamp(NOW + second, UTC).isoformat(), *["1.0"] * 7, "200000"]
        for entity, second in rows
    ]
    path.write_text("\n".join(",".join(line) for line in [head, *lines]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_training_set_has_the_contracts_columns_and_each_row_what_was_known_then(stage, tmp_path, suffix):
    write(stage, ("a", -100, 3.0, "INLAND"), ("a", -10, 5.0, "ISLAND"))
    drain(stage)
    out = tmp_path / f"set{suffix}"
    features.features(stage, labels(tmp_path, ("a", -50), ("a", 0), ("a", -500)), "seen", out)
    read = pq.read_table if suffix == ".parquet" else pyarrow.csv.read_csv
    rows = read(out).to_pylist()
    assert list(rows[0]) == [column["name"] for column in SHIPPED["dataset"]["columns"]]
    assert [(row["total_rooms"], row["ocean_proximity"] or None) for row in rows] == [
        (3.0, "INLAND"),
        (5.0, "ISLAND"),
        (None, None),
    ]
    assert stage.out.documents == [{"rows": 3, "file": str(out)}]


def test_a_store_without_files_and_labels_without_a_column_are_told_and_nothing_is_written(stage, tmp_path):
    out = tmp_path / "set.parquet"
    with pytest.raises(ReadingError):
        features.features(stage, labels(tmp_path, ("a", 0)), "seen", out)
    write(stage, ("a", -10, 5.0, "ISLAND"))
    drain(stage)
    with pytest.raises(ReadingError, match="no column 'when'"):
        features.features(stage, labels(tmp_path, ("a", 0)), "when", out)
    assert not out.exists()


def test_both_sides_are_the_same_after_a_drain_late_events_and_repetitions_among_them(stage, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: NOW)
    write(stage, ("a", -10, 5.0, "ISLAND"), ("b", -5, 2.0, "INLAND"))
    write(stage, ("a", -20, 2.0, "INLAND"))
    write(stage, ("a", -20, 9.0, "INLAND"))
    drain(stage)
    assert features.parity(stage) is None
    assert stage.out.documents == [{"compared": 2, "different": []}]


def test_a_feature_that_differs_is_named_and_the_answer_is_no(stage, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: NOW)
    write(stage, ("a", -10, 5.0, "ISLAND"))
    drain(stage)
    record = {"house": "a", "greenlight_event_time": f"{NOW:.6f}", "greenlight_last_event": f"{NOW - 10:.6f}"}
    entry = {
        "FeatureGroupName": NAME,
        "Record": [{"FeatureName": key, "ValueAsString": text} for key, text in record.items()],
        "TargetStores": ["OnlineStore"],
    }
    stage.store.batch_write_record(Entries=[entry])
    assert features.parity(stage) is Exit.ANSWER_IS_NO
    assert "houses, 'a': ocean_proximity is None online and ISLAND offline" in stage.out.lines[0]


def test_a_stack_without_groups_says_how_to_get_them(stage):
    stage.reader.stack.outputs = {}
    with pytest.raises(NotInThisStackError, match="has no feature groups"):
        features.parity(stage)
