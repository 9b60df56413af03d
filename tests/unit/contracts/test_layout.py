"""Where things lie in the buckets is spelled in one file, as places and as patterns."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from contracts import layout
from contracts.layout import Room
from step_functions.loading import load

ROOT = Path(__file__).parents[3]
ROOMS = {name: value for name, value in vars(layout).items() if isinstance(value, Room)}
PRODUCT = (
    "contracts",
    "infra_cdk",
    "inference",
    "lambdas",
    "operations",
    "scoring",
    "step_functions",
    "training_jobs",
)


def texts_of(path: Path) -> Iterator[str]:
    """Every text of a program, those between the braces of an f-string included, and no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield node.value


def test_no_prefix_of_a_bucket_is_spelled_outside_the_layout() -> None:
    prefixes = "|".join(re.escape(room.prefix) for room in ROOMS.values())
    spelled = re.compile(rf"^/?({prefixes})|s3://[^/]+/({prefixes})")
    found = [
        f"{path.relative_to(ROOT)}: {text[:80]}"
        for folder in PRODUCT
        for path in (ROOT / folder).rglob("*.py")
        if path != ROOT / "contracts/layout.py"
        for text in texts_of(path)
        if spelled.search(text)
    ]
    assert not found


def test_the_prefixes_are_those_of_the_stacks_that_are_deployed() -> None:
    """Objects of years lie under them."""
    assert {name: room.prefix for name, room in ROOMS.items()} == {
        "UPLOADS": "incoming/",
        "DATASETS": "datasets/",
        "REJECTED": "rejected/",
        "PARTS": "parts/",
        "TRAINING": "training/",
        "EVALUATIONS": "evaluations/",
        "MODELS": "models/",
        "CAPTURES": "capture/",
        "RUNS": "mlflow/",
        "BATCH_UPLOADS": "batch/",
        "BATCHES": "batches/",
        "LABELS": "labels/",
        "WINDOWS": "monitoring/windows/",
        "BASELINES": "monitoring/baselines/",
        "VERDICTS": "monitoring/verdicts/",
        "RETRAININGS": "monitoring/retrainings/",
        "TRAIL": "trail/",
        "SOURCES": "sources/",
        "FEATURES": "features/",
        "STREAM_EVENTS": "stream/events/",
        "STREAM_REFUSED": "stream/refused/",
        "STREAM_HOURS": "stream/hours/",
        "STREAM_DATASETS": "stream/datasets/",
    }
    place = layout.dataset("b", "0a")
    assert [
        place.train,
        place.holdout,
        place.quarantine,
        place.contract_file,
        place.profile,
        place.manifest,
    ] == [
        "s3://b/datasets/0a/train/",
        "s3://b/datasets/0a/holdout/",
        "s3://b/datasets/0a/quarantine/",
        "s3://b/datasets/0a/contract/contract.json",
        "s3://b/datasets/0a/profile.json",
        "s3://b/datasets/0a/manifest.json",
    ]


@pytest.mark.parametrize("name", ROOMS)
def test_a_rooms_patterns_cover_its_places_and_no_other_rooms(name: str) -> None:
    room = ROOMS[name]
    key = room.uri("b", "x").removeprefix("s3://b/") + "train/a.parquet"
    assert [other for other, r in ROOMS.items() if fnmatchcase(key, r.pattern)] == [name]
    assert fnmatchcase(key, room.within("train/*"))
    assert not fnmatchcase(key, room.within("holdout/*"))


def test_the_training_job_may_write_where_the_state_machine_lets_it() -> None:
    definition = load()
    output = definition["States"]["TrainModel"]["Arguments"]["OutputDataConfig"]["S3OutputPath"]
    assert output == f"s3://${{ArtifactBucketName}}/{layout.TRAINING.folder}"
