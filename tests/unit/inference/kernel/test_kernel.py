from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference import kernel
from inference.kernel import build
from inference.model import FloatArray, Model, features
from inference.model.trees import TreeSum, WeightedSum
from tests.unit.inference.models import LOOKUP, linear_model, random_rows, tree_model

LIBRARY = kernel.load()
pytestmark = pytest.mark.skipif(LIBRARY is None, reason="no compiler on this machine")

SHAPES: dict[str, dict[str, Any]] = {
    "at most 32 leaves": {"leaves": 32},
    "at most 64 leaves": {"leaves": 64},
    "many leaves": {"leaves": 400, "trees": 5},
    "many leaves on floats": {"leaves": 400, "fewest": 200, "trees": 5, "of_floats": True},
    "many leaves on floats, three outputs": {"leaves": 200, "fewest": 100, "outputs": 3, "of_floats": True},
    "many leaves on floats, float32 sums": {
        "leaves": 300,
        "fewest": 200,
        "of_floats": True,
        "precision": "float32",
    },
    "more trees than go down at once": {"leaves": 120, "fewest": 66, "trees": 130, "of_floats": True},
    "three outputs a leaf, more trees than go down at once": {
        "outputs": 3,
        "per_leaf": 3,
        "leaves": 120,
        "fewest": 66,
        "trees": 70,
        "of_floats": True,
    },
    "single leaves": {"leaves": 1},
    "three outputs by turns": {"outputs": 3},
    "three outputs a leaf": {"outputs": 3, "per_leaf": 3},
    "three outputs a leaf, many leaves": {"outputs": 3, "per_leaf": 3, "leaves": 200},
    "float32 sums": {"precision": "float32"},
    "float32 sums, 64 leaves": {"precision": "float32", "leaves": 64},
    "float32 sums, many leaves": {"precision": "float32", "leaves": 300},
}


def numpy_sums(model: Model, rows: FloatArray) -> FloatArray:
    engine = WeightedSum if model.head.kind == "linear" else TreeSum
    return engine(model.arrays, model.head)(features.apply(model.steps, rows, model.width, LOOKUP))


@cache
def model_of(shape: str, seed: int) -> Model:
    return tree_model(seed, **SHAPES[shape])


@cache
def sums_of(shape: str, seed: int, count: int) -> FloatArray:
    """What NumPy makes of some rows; each processor is held against the same."""
    return numpy_sums(model_of(shape, seed), random_rows(count, seed=seed))


@pytest.mark.parametrize("level", [0, 1, 2], ids=["plain C", "AVX2", "AVX-512"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [1, 3, 5, 64, 130])
def test_every_processor_gives_the_sums_of_numpy_to_the_last_bit(shape: str, level: int, count: int) -> None:
    assert LIBRARY is not None
    for seed in range(3):
        rows = random_rows(count, seed=seed)

        found = kernel.Kernel(LIBRARY, model_of(shape, seed), level).sums(rows)

        assert np.array_equal(found, sums_of(shape, seed, count))


@pytest.mark.parametrize("level", [0, 2], ids=["plain C", "AVX-512"])
@pytest.mark.parametrize("per_leaf", [1, 3])
def test_rows_past_what_one_tree_takes_at_once_are_summed_the_same(per_leaf: int, level: int) -> None:
    assert LIBRARY is not None
    model = tree_model(7, leaves=90, fewest=66, outputs=3, per_leaf=per_leaf, of_floats=True)
    rows = random_rows(2048 + 67)

    found = kernel.Kernel(LIBRARY, model, level).sums(rows)

    assert np.array_equal(found, numpy_sums(model, rows))


@pytest.mark.parametrize("outputs", [1, 3])
def test_weights_are_summed_as_numpy_does(outputs: int) -> None:
    assert LIBRARY is not None
    model = linear_model(outputs=outputs)
    rows = random_rows(100)

    found = kernel.Kernel(LIBRARY, model).sums(rows)

    assert np.allclose(found, numpy_sums(model, rows), rtol=1e-12, atol=1e-12, equal_nan=True)


def test_no_rows_give_no_sums() -> None:
    assert LIBRARY is not None
    assert kernel.Kernel(LIBRARY, tree_model()).sums(np.empty((0, 3))).shape == (0, 1)


def test_the_library_is_named_by_its_sources_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "cache_directory", lambda: tmp_path / "cache")

    first = build.find_or_build()

    assert first is not None
    assert first.name == build.library_name()
    assert build.find() == first
    monkeypatch.setattr(build, "FLAGS", (*build.FLAGS, "-DOTHER"))
    assert build.find() is None


def test_a_kernel_in_a_directory_that_others_may_write_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / build.library_name()).write_bytes(b"not mine")
    cache.chmod(0o777)
    monkeypatch.setattr(build, "cache_directory", lambda: cache)

    assert build.find() is None
    with pytest.raises(build.KernelBuildError, match="writable by others"):
        build.find_or_build()


def test_what_the_compiler_says_is_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "FLAGS", ("-no-such-flag",))

    with pytest.raises(build.KernelBuildError, match="no-such-flag"):
        build.build(tmp_path)


def test_without_a_compiler_there_is_no_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "cache_directory", lambda: tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)

    assert build.find_or_build() is None
