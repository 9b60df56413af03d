"""pipeline.toml: what is accepted, and how each mistake is named."""

import copy
import tomllib
from pathlib import Path

import pytest

from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def document():
    return tomllib.loads((ROOT / "pipeline.toml").read_text())


def changed(document, path, value):
    """A copy of the document with one value replaced, or removed where value is None."""
    found = copy.deepcopy(document)
    *parents, last = path
    table = found
    for key in parents:
        table = table.setdefault(key, {}) if isinstance(table, dict) else table[key]
    if value is None:
        del table[last]
    else:
        table[last] = value
    return found


def test_the_project_s_own_file_is_valid():
    config = PipelineConfig.load(ROOT / "pipeline.toml")
    assert config.dataset.target == "median_house_value"
    assert "median_house_value" not in [c.name for c in config.dataset.feature_columns]


def test_a_document_gives_the_same_configuration_back(document):
    config = PipelineConfig.from_document(document)
    assert PipelineConfig.from_document(config.as_document()) == config


def test_a_stage_has_no_vpc_unless_asked_for(document):
    config = PipelineConfig.from_document(document)
    assert not config.network.has_vpc("dev")
    assert not config.network.has_vpc("prod")


def test_a_vpc_is_for_every_stage_or_for_those_named(document):
    both = PipelineConfig.from_document(changed(document, ("network",), {"vpc": True})).network
    assert both.has_vpc("dev")
    assert both.has_vpc("prod")
    one = PipelineConfig.from_document(changed(document, ("network",), {"vpc": True, "stages": ["prod"]}))
    assert one.network.vpc_stages == ("prod",)


MISTAKES = [
    (("network",), {"vpc": "yes"}, "network.vpc: expected true or false, found 'yes'"),
    (("network",), {"vpc": True, "stages": ["test"]}, "network.stages: 'test' is not one of dev, prod"),
    (("network",), {"nat": True}, "network.nat: is not a known key"),
    (("pipeline", "name"), "Housing!", "pipeline.name"),
    (("pipeline", "name"), "a" * 21, "20 characters"),
    (("pipeline", "name"), "housing-dev", "must not have a stage, dev or prod, among its words"),
    (("dataset", "target"), "price", "'price' is not among the columns"),
    (("dataset", "task"), "clustering", "not one of regression, classification"),
    (("dataset", "task"), "classification", "needs a target of classes"),
    (("dataset", "slices"), ["town"], "dataset.slices"),
    (("dataset", "holdout_share"), 0.9, "0.9 is outside 0.01 to 0.5"),
    (("dataset", "columns", 0, "type"), "float", "dataset.columns[0].type"),
    (("dataset", "columns", 0, "min"), 200.0, "above max"),
    (("dataset", "columns", 0, "name"), "latitude", "declared 2 times"),
    (("dataset", "columns", 0, "minimum"), 1.0, "dataset.columns[0].minimum: is not a known key"),
    (("dataset", "columns", 8, "nullable"), True, "is nullable"),
    (
        ("features", "ratios"),
        [{"numerator": "ocean_proximity", "denominator": "households"}],
        "not a numeric",
    ),
    (("training", "estimator"), "resnet", "training.estimator"),
    (("training", "folds"), 1, "training.folds: 1 is outside"),
    (("training", "seed"), True, "expected a whole number, found True"),
    (("training", "search"), {"enabled": True}, "at least one range"),
    (("gate", "metric"), "accuracy_score", "gate.metric"),
    (("deployment", "dev", "canary_percent"), 51, "51 is outside 1 to 50"),
    (("deployment", "dev", "instance_count"), 1, "at least 2 instances"),
    (("deployment", "dev", "alarm_period_seconds"), 30, "must be a multiple of 60"),
    (("deployment", "dev", "baking_seconds"), 3000, "not above the sum of the waits"),
    (("deployment", "prod"), None, "deployment.prod: is missing"),
    (("deployment", "test"), {}, "deployment.test: is not a known key"),
]


@pytest.mark.parametrize(("path", "value", "message"), MISTAKES, ids=[m for *_, m in MISTAKES])
def test_a_mistake_is_named_with_file_key_and_reason(document, path, value, message):
    with pytest.raises(PipelineConfigError) as caught:
        PipelineConfig.from_document(changed(document, path, value))
    assert str(caught.value).startswith("pipeline.toml: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"[pipeline", "is not valid TOML"), (b"\xff\xfe", "is not UTF-8"), (None, "not found")],
)
def test_a_file_that_cannot_be_read_is_an_error_of_its_own(tmp_path, content, message):
    path = tmp_path / "pipeline.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PipelineConfigError, match=message):
        PipelineConfig.load(path)


def test_the_contract_hash_follows_the_dataset_and_nothing_else(document):
    original = PipelineConfig.from_document(document).contract_hash
    retrained = PipelineConfig.from_document(changed(document, ("training", "seed"), 1))
    stricter = PipelineConfig.from_document(changed(document, ("dataset", "min_rows"), 1000))
    assert retrained.contract_hash == original
    assert stricter.contract_hash != original
