"""Rows that judge, and rows that cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.errors import EvaluationError
from lambdas.evaluate_model.holdout import positions, read_holdout
from tests.unit.lambdas.evaluate_model import world

CONTRACT = world.config().dataset


def test_columns_are_read_as_a_model_takes_them(tmp_path: Path) -> None:
    columns = world.rows(20)
    columns["size"][3], columns["region"][4] = None, None
    found = read_holdout([world.write_parquet(tmp_path / "h.parquet", columns)], CONTRACT)
    assert len(found) == found.stored == 20
    assert np.isnan(found.columns["size"][3])
    assert found.columns["region"][4] is None
    assert found.target.tolist() == columns["price"]


def test_a_classifications_target_is_text(tmp_path: Path) -> None:
    columns = {**world.rows(3), "price": ["1", "2", "1"]}
    contract = world.config("classification").dataset
    found = read_holdout([world.write_parquet(tmp_path / "h.parquet", columns)], contract)
    assert positions(found.target, ("2", "1")).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"price": [1.0, None, 3.0]}, "1 rows of the holdout have no 'price'"),
        ({"price": [1.0, float("inf"), 3.0]}, "values of 'price' that are not finite"),
        ({"price": None}, "lacks the columns 'price'"),
        ({"price": None, "age": None}, "lacks the columns 'age', 'price'"),
    ],
)
def test_rows_without_truth_are_named(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    columns = {name: values for name, values in {**world.rows(3), **change}.items() if values is not None}
    with pytest.raises(EvaluationError, match=reason):
        read_holdout([world.write_parquet(tmp_path / "h.parquet", columns)], CONTRACT)


def test_no_rows_judge_nothing(tmp_path: Path) -> None:
    table = pa.table(world.rows(3)).slice(0, 0)
    pq.write_table(table, tmp_path / "h.parquet")
    with pytest.raises(EvaluationError, match="has no rows"):
        read_holdout([tmp_path / "h.parquet"], CONTRACT)


@pytest.mark.parametrize("content", [b"", b"PAR1 not really PAR1"])
def test_what_is_no_parquet_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "h.parquet").write_bytes(content)
    with pytest.raises(EvaluationError, match="no sound Parquet file"):
        read_holdout([tmp_path / "h.parquet"], CONTRACT)


def test_of_too_many_rows_a_sample_is_judged_the_same_each_time(tmp_path: Path) -> None:
    path = tmp_path / "h.parquet"
    pq.write_table(pa.table(world.rows(9000)), path, row_group_size=700)
    one, other = (read_holdout([path], CONTRACT, max_cells=24_000) for _ in range(2))
    assert (len(one), one.stored) == (6000, 9000)
    assert one.target.tolist() == other.target.tolist()
    assert len(set(one.target.tolist())) == 6000


def test_several_files_are_one_holdout_and_give_the_same_sample(tmp_path: Path) -> None:
    table = pa.table(world.rows(9000))
    pq.write_table(table, tmp_path / "whole.parquet")
    paths = [tmp_path / f"{number}.parquet" for number in range(3)]
    for number, (start, rows) in enumerate([(0, 100), (100, 5000), (5100, 3900)]):
        pq.write_table(table.slice(start, rows), paths[number])
    for max_cells in (24_000, 4_000_000):
        whole = read_holdout([tmp_path / "whole.parquet"], CONTRACT, max_cells)
        parts = read_holdout(paths, CONTRACT, max_cells)
        assert (len(parts), parts.stored) == (len(whole), whole.stored)
        assert parts.target.tolist() == whole.target.tolist()
