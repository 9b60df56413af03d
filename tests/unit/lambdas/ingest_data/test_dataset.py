"""An accepted upload: split by identity, profiled, and the same each time."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lambdas.datasets.profile import BINS
from lambdas.datasets.splitting import every_nth, sampling_step
from lambdas.datasets.upload.arrival import save
from lambdas.datasets.version import version_of
from lambdas.ingest_data.ingestion import HOLDOUT, TRAIN, Dataset
from tests.unit.lambdas.ingest_data.uploads import COLUMNS, config, csv_of, ingested, rows


def sides(dataset: Dataset) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return (
        pq.read_table(dataset.directory / TRAIN).to_pylist(),
        pq.read_table(dataset.directory / HOLDOUT).to_pylist(),
    )


def make(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def test_every_good_row_is_on_one_side_in_the_files_order(tmp_path: Path) -> None:
    dataset = ingested(csv_of(rows(400)), tmp_path)
    train, holdout = sides(dataset)
    assert (len(train), len(holdout)) == (dataset.train_rows, dataset.holdout_rows)
    values = [row["value"] for row in train] + [row["value"] for row in holdout]
    assert sorted(values) == [1000.0 + i * 7 for i in range(400)]
    assert [row["value"] for row in train] == sorted(row["value"] for row in train)


def test_the_holdout_has_its_share(tmp_path: Path) -> None:
    dataset = ingested(csv_of(rows(4000)), tmp_path, config(holdout_share=0.3))
    assert 0.26 < dataset.holdout_rows / dataset.rows < 0.34


def test_a_row_keeps_its_side_when_others_come_and_go_and_however_it_is_written(tmp_path: Path) -> None:
    first = sides(ingested(csv_of(rows(400)), make(tmp_path / "a")))
    changed = list(reversed(rows(600)[100:]))
    changed = [line.replace("1,", "1.0,", 1) if line.startswith("1,") else line for line in changed]
    second = sides(ingested(csv_of(changed), make(tmp_path / "b")))
    side_of = {row["value"]: number for number, side in enumerate(first) for row in side}
    for number, side in enumerate(second):
        for row in side:
            assert side_of.get(row["value"], number) == number


def test_the_hash_that_decides_the_side_is_the_one_it_always_was(tmp_path: Path) -> None:
    """Should a later version hash otherwise, rows that champions were trained on would enter the holdout."""
    _, holdout = sides(ingested(csv_of(rows(40)), tmp_path))
    assert [int(row["value"]) for row in holdout] == HOLDOUT_OF_40_ROWS


HOLDOUT_OF_40_ROWS = [1028, 1042, 1063, 1126, 1154, 1175, 1203, 1231, 1259]


def test_identifiers_alone_decide_the_side_where_there_are_any(tmp_path: Path) -> None:
    columns = [{"name": "id", "type": "integer"}, {"name": "x", "type": "number"}, COLUMNS[3]]
    settings = config(columns, identifiers=["id"])

    def ids(name: str, lines: list[str]) -> list[list[int]]:
        dataset = ingested(csv_of(lines, "id,x,value"), make(tmp_path / name), settings)
        return [[row["id"] for row in side] for side in sides(dataset)]

    assert ids("a", [f"{i},1,{i}" for i in range(200)]) == ids("b", [f"{i},2,{i + 5}" for i in range(200)])


def test_the_same_upload_gives_the_same_bytes_and_the_same_profile(tmp_path: Path) -> None:
    def found(name: str) -> tuple[list[str], dict[str, Any]]:
        dataset = ingested(csv_of(rows(400)), make(tmp_path / name))
        files = [dataset.directory / part for part in (TRAIN, HOLDOUT)]
        return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files], dataset.profile

    first = found("0")
    assert all(found(str(again)) == first for again in range(1, 9))


def test_a_version_is_of_content_and_contract() -> None:
    assert version_of("a" * 64, "b" * 64) == version_of("a" * 64, "b" * 64)
    assert len({version_of(a, b) for a in ("1", "2") for b in ("1", "2")}) == 4
    assert version_of("a", "b").isalnum()


def test_the_content_is_hashed_as_it_came(tmp_path: Path) -> None:
    arrival = save([b"one", b"", b"two\r\n"], tmp_path / "x", config().dataset)
    assert arrival.sha256 == hashlib.sha256(b"onetwo\r\n").hexdigest()
    assert (arrival.size_bytes, arrival.path.read_bytes()) == (8, b"onetwo\n")


def test_the_profile_counts_exactly(tmp_path: Path) -> None:
    lines = rows(200)
    lines[3] = "7,,INLAND,5"
    profile = ingested(csv_of(lines), tmp_path).profile
    income, place, value = (profile["columns"][name] for name in ("income", "place", "value"))
    assert (profile["rows"], profile["sampled_rows"]) == (200, 200)
    assert (income["count"], income["missing"]) == (199, 1)
    assert place["categories"] == {"INLAND": 101, "NEAR BAY": 99}
    assert (place["distinct"], place["other"]) == (2, 0)
    figures = np.array([1000.0 + i * 7 for i in range(200) if i != 3] + [5.0])
    assert value["min"] == 5.0
    assert value["mean"] == pytest.approx(figures.mean())
    assert value["standard_deviation"] == pytest.approx(figures.std())
    assert value["quantiles"]["0.5"] == pytest.approx(np.quantile(figures, 0.5))


def test_a_histograms_bins_hold_every_value_once(tmp_path: Path) -> None:
    histogram = ingested(csv_of(rows(200)), tmp_path).profile["columns"]["value"]["histogram"]
    edges, counts = histogram["edges"], histogram["counts"]
    assert len(counts) == len(edges) + 1 <= BINS
    assert sum(counts) == 200
    assert edges == sorted(set(edges))
    values = [1000.0 + i * 7 for i in range(200)]
    assert counts[0] == sum(value <= edges[0] for value in values)


def test_a_column_of_one_value_has_one_bin(tmp_path: Path) -> None:
    lines = [f"5,{i},INLAND,{i}" for i in range(40)]
    rooms = ingested(csv_of(lines), tmp_path).profile["columns"]["rooms"]
    assert rooms["histogram"] == {"edges": [], "counts": [40]}


def test_dates_and_booleans_are_profiled_as_the_model_sees_them(tmp_path: Path) -> None:
    columns = [{"name": "day", "type": "date"}, {"name": "sold", "type": "boolean"}, COLUMNS[3]]
    lines = [f"1970-01-{i % 28 + 1:02d},{i % 4 == 0},{i}" for i in range(56)]
    profile = ingested(csv_of(lines, "day,sold,value"), tmp_path, config(columns)).profile["columns"]
    assert (profile["day"]["min"], profile["day"]["max"]) == (0.0, 27.0)
    assert profile["day"]["quantiles"]["0.5"] == 13.5
    assert profile["sold"]["mean"] == 0.25


def test_past_a_hundred_categories_the_rest_is_counted_together(tmp_path: Path) -> None:
    columns = [*COLUMNS[:2], {"name": "place", "type": "category"}, COLUMNS[3]]
    lines = [f"1,1,place {i % 150},{i}" for i in range(300)]
    place = ingested(csv_of(lines), tmp_path, config(columns)).profile["columns"]["place"]
    assert (place["distinct"], len(place["categories"]), place["other"]) == (150, 100, 100)


@pytest.mark.parametrize(("size", "expected"), [(10_000, 1), (100_000 * 100, 10), (1_000_000 * 100, 100)])
def test_of_many_rows_some_are_sampled(size: int, expected: int) -> None:
    head = b"x" * 99 + b"\n"
    assert sampling_step(size, head, wanted=10_000) == expected


@pytest.mark.parametrize(("rows_in", "kept"), [(0, []), (1, [0]), (9, [0, 4, 8])])
def test_of_a_batch_every_so_manyth_row_is_kept_even_of_none(rows_in: int, kept: list[int]) -> None:
    batch = pa.RecordBatch.from_arrays([pa.array(range(rows_in), pa.int64())], names=["x"])
    assert every_nth(batch, 4).column("x").to_pylist() == kept


def test_by_position_a_file_that_grows_at_its_end_moves_no_row(tmp_path: Path) -> None:
    alike = ["3,1,INLAND,1000", "4,1,INLAND,2000"] * 300
    settings = config(split={"by": "position"}, bad_row_tolerance_share=0.5)
    first = sides(ingested(csv_of(alike), make(tmp_path / "a"), settings))
    longer = csv_of([*alike, *["500,1,INLAND,1000", "5,1,INLAND,3000"] * 100])
    second = sides(ingested(longer, make(tmp_path / "b"), settings))
    for old, new in zip(first, second, strict=True):
        kept = [row["greenlight_fold"] for row in new if row["greenlight_fold"] < 600]
        assert kept == [row["greenlight_fold"] for row in old]
    # Rows that were set aside have their places, too.
    assert {row["greenlight_fold"] % 2 for side in second for row in side if row["value"] == 3000.0} == {1}
    assert 0.15 < first[1].__len__() / 600 < 0.25
