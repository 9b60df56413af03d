"""gzip and Parquet come to the same dataset as the CSV that they hold."""

from __future__ import annotations

import datetime
import gzip
import io
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.pipeline_config import PipelineConfig
from lambdas.datasets.checks.faults import DatasetRejected
from lambdas.datasets.upload.arrival import receive, save
from lambdas.datasets.upload.formats import CSV, PARQUET, content_of, kind_of, within
from lambdas.ingest_data.ingestion import HOLDOUT, QUARANTINE, TRAIN, Dataset, ingest
from tests.unit.lambdas.ingest_data.uploads import COLUMNS, config, csv_of, ingested, rows


def pieces(content: bytes, size: int = 7) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


@pytest.mark.parametrize(
    ("key", "kind"),
    [("a.csv", CSV), ("a.csv.gz", CSV), ("A.CSV.GZ", CSV), ("a.parquet", PARQUET), ("A.PARQUET", PARQUET)],
)
def test_the_ending_tells_the_form(key: str, kind: str) -> None:
    assert kind_of(key) == kind


def test_gzip_is_inflated_on_the_way() -> None:
    content = csv_of(rows(500))
    assert b"".join(content_of(pieces(gzip.compress(content)), "a.csv.gz")) == content


def test_members_that_follow_each_other_are_one_text() -> None:
    content = gzip.compress(b"one,") + gzip.compress(b"two\n")
    assert b"".join(content_of([content], "a.csv.gz")) == b"one,two\n"
    assert b"".join(content_of(pieces(content), "a.csv.gz")) == b"one,two\n"


def test_a_few_bytes_that_inflate_to_many_come_in_pieces() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert max(len(piece) for piece in content_of([bomb], "a.gz")) <= 1 << 22


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"rooms,income\n1,2\n", "no gzip archive"),
        (gzip.compress(csv_of(rows()))[:-12], "it ends in the middle"),
        (gzip.compress(csv_of(rows())) + b"rubbish", "no gzip archive: its bytes are damaged"),
        (b"", "it ends in the middle"),
    ],
)
def test_a_gz_that_is_none_is_rejected(content: bytes, reason: str) -> None:
    with pytest.raises(DatasetRejected, match=reason):
        list(content_of([content], "a.csv.gz"))


def test_an_upload_too_large_to_check_is_rejected_before_it_fills_the_disk() -> None:
    taken: list[bytes] = []
    with pytest.raises(DatasetRejected, match=r"larger than the 0\.0 GB, uncompressed, that can be"):
        taken.extend(within([b"x" * 60, b"x" * 60, b"x"], 100))
    assert len(taken) == 1


@pytest.mark.parametrize(("free_bytes", "room"), [(10_600_000_000, "5.0 GB"), (2_500_000_000, "1.2 GB")])
def test_five_gigabytes_are_taken_where_the_disk_has_room_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_bytes: int, room: str
) -> None:
    asked: list[int] = []

    def within_noted(chunks: Any, limit_bytes: int) -> Any:
        asked.append(limit_bytes)
        return within([b"x" * 7], 0)

    monkeypatch.setattr("shutil.disk_usage", lambda _path: SimpleNamespace(free=free_bytes))
    monkeypatch.setattr("lambdas.datasets.upload.arrival.within", within_noted)
    with pytest.raises(DatasetRejected, match=r"upload it in parts, with a manifest\.json"):
        receive([b""], "incoming/a.csv", tmp_path, config().dataset)
    assert f"{asked[0] / 1e9:.1f} GB" == room
    assert asked[0] <= 5_000_000_000


def parquet_of(columns: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def from_parquet(content: bytes, scratch: Path, settings: PipelineConfig | None = None) -> Dataset:
    scratch.mkdir(exist_ok=True)
    return ingest(
        save([content], scratch / "upload", (settings or config()).dataset, PARQUET),
        settings or config(),
        scratch,
    )


def houses(count: int = 40) -> dict[str, list[Any]]:
    parts = [line.split(",") for line in rows(count)]
    return {
        "rooms": [float(part[0]) for part in parts],
        "income": [float(part[1]) for part in parts],
        "place": [part[2] for part in parts],
        "value": [float(part[3]) for part in parts],
    }


def test_parquet_gives_the_rows_that_the_csv_gives(tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    a = ingested(csv_of(rows()), tmp_path / "csv")
    b = from_parquet(parquet_of(houses()), tmp_path / "parquet")
    for name in (TRAIN, HOLDOUT):
        assert pq.read_table(a.directory / name).equals(pq.read_table(b.directory / name))
    assert a.profile == b.profile


def test_a_nan_of_pandas_is_a_missing_value(tmp_path: Path) -> None:
    columns = houses()
    columns["income"][3] = float("nan")
    columns["income"][4] = None
    dataset = from_parquet(parquet_of(columns), tmp_path)
    assert (dataset.quarantined_rows, dataset.profile["columns"]["income"]["missing"]) == (0, 2)


def test_bad_rows_of_a_parquet_file_are_told_by_their_number(tmp_path: Path) -> None:
    columns = houses()
    columns["place"][6] = "MARS"
    columns["rooms"][8] = float("inf")
    dataset = from_parquet(parquet_of(columns), tmp_path)
    found = pq.read_table(dataset.directory / QUARANTINE).to_pylist()
    assert [(row["line"], row["column"], row["rule"]) for row in found] == [
        (7, "place", "category"),
        (9, "rooms", "finite"),
    ]


def test_a_parquet_file_has_the_contracts_columns_or_is_rejected(tmp_path: Path) -> None:
    columns = houses()
    columns["area"] = columns.pop("place")
    with pytest.raises(DatasetRejected, match=r"missing column.*'place'.*not in the contract: 'area'"):
        from_parquet(parquet_of(columns), tmp_path)


@pytest.mark.parametrize("content", [b"", b"rooms,income\n", b"PAR1", b"PAR1" + os.urandom(100) + b"PAR1"])
def test_a_parquet_file_that_is_none_is_rejected(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DatasetRejected, match="the file is no Parquet file"):
        from_parquet(content, tmp_path)


def test_a_text_where_a_number_belongs_is_told_in_parquet_too(tmp_path: Path) -> None:
    columns = {**houses(), "rooms": ["many"] * 40}
    with pytest.raises(DatasetRejected, match=r"type: a value is no number: 'many'.*40 rows"):
        from_parquet(parquet_of(columns), tmp_path)


def test_nested_columns_are_no_numbers(tmp_path: Path) -> None:
    columns = {**houses(), "rooms": [[1.0]] * 40}
    with pytest.raises(DatasetRejected, match="a value is no number"):
        from_parquet(parquet_of(columns), tmp_path)


def test_typed_columns_keep_their_values(tmp_path: Path) -> None:
    columns = [
        {"name": "id", "type": "integer"},
        {"name": "seen", "type": "date"},
        {"name": "sold", "type": "boolean"},
        COLUMNS[3],
    ]
    day = datetime.datetime(2026, 1, 31)
    table = {
        "id": list(range(40)),
        "seen": [day] * 40,
        "sold": [i % 2 == 0 for i in range(40)],
        "value": [i / 3 for i in range(40)],
    }
    dataset = from_parquet(parquet_of(table), tmp_path, config(columns))
    kept = pq.read_table(dataset.directory / TRAIN).to_pylist()
    assert all(row["seen"] == day.date() and row["value"] == row["id"] / 3 for row in kept)


def test_nothing_of_an_unknown_form_is_taken_for_a_csv(tmp_path: Path) -> None:
    with pytest.raises(DatasetRejected, match="a Parquet file"):
        ingested(parquet_of(houses()), tmp_path)


def test_many_tiny_members_take_no_more_time_than_their_bytes() -> None:
    members = gzip.compress(b"1,2\n") * 20_000
    assert b"".join(content_of([members], "a.csv.gz")) == b"1,2\n" * 20_000


@pytest.mark.parametrize("pieces", [1, 7, 1 << 20])
def test_zeros_behind_a_member_are_padding(pieces: int) -> None:
    content = gzip.compress(b"a\n") + b"\0" * 512 + gzip.compress(b"b\n") + b"\0" * 511
    chunks = [content[at : at + pieces] for at in range(0, len(content), pieces)]
    assert b"".join(content_of(chunks, "a.CSV.gz")) == b"a\nb\n"


@pytest.mark.parametrize(
    ("name", "value", "odd"),
    [("an_odd_name", "INLAND", []), ("name", "IN_LAND", [b"_"]), ("name", "IN\tLAND", [b"\t"])],
)
def test_a_file_is_read_with_care_for_the_odd_bytes_of_its_rows_alone(
    tmp_path: Path, name: str, value: str, odd: list[bytes]
) -> None:
    content = f"{name},b\n{value},2\n".encode()
    assert save([content[:5], content[5:]], tmp_path / "upload", config().dataset).odd == frozenset(odd)
