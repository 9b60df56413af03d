"""A tracking server that is killed while it makes its database leaves none that is half made."""

from __future__ import annotations

import sqlite3

import pytest

from localcloud.services.sagemaker.mlflow.database import prepare

ROOT = "s3://bucket/mlflow"


def half(path, artifact_root):
    sqlite3.connect(path).execute("create table span_metrics (a)")
    path.with_name(path.name + "-journal").write_bytes(b"of what was begun")
    raise KeyboardInterrupt


def tables(path):
    return {name for (name,) in sqlite3.connect(path).execute("select name from sqlite_master")}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # SQLAlchemy's, of MLflow's own mappings
def test_what_was_half_made_is_not_there_and_is_made_again_from_its_beginning(tmp_path):
    place = tmp_path / "mlflow.db"
    with pytest.raises(KeyboardInterrupt):
        prepare(place, ROOT, make=half)
    assert not place.exists()
    prepare(place, ROOT)
    assert {"experiments", "registered_models", "span_metrics"} <= tables(place)
    locations = sqlite3.connect(place).execute("select artifact_location from experiments").fetchall()
    assert [location for (location,) in locations if location.startswith(ROOT)] == [f"{ROOT}/0"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mlflow.db"]


def test_a_database_that_is_there_is_left_alone(tmp_path):
    place = tmp_path / "mlflow.db"
    place.write_bytes(b"kept")
    prepare(place, ROOT, make=half)
    assert place.read_bytes() == b"kept"
