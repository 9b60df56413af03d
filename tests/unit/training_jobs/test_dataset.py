"""The rows of a channel, in however many files they come."""

from __future__ import annotations

from pathlib import Path

from tests.unit.training_jobs.rows import housing_config, housing_rows
from training_jobs.dataset import read_dataset


def test_several_files_are_one_training_set_in_the_order_of_their_names(tmp_path: Path) -> None:
    config = housing_config("linear", {})
    frame = housing_rows(300)
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    frame.to_parquet(tmp_path / "whole/train.parquet", index=False)
    frame[200:].to_parquet(tmp_path / "parts/part-00002.parquet", index=False)
    frame[:50].to_parquet(tmp_path / "parts/part-00000.parquet", index=False)
    frame[50:200].to_parquet(tmp_path / "parts/part-00001.parquet", index=False)
    whole, parts = (read_dataset(tmp_path / name, config.dataset, 3) for name in ("whole", "parts"))
    assert parts.features.equals(whole.features)
    assert parts.target.tolist() == whole.target.tolist()
