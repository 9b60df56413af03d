"""Whatever a field, a header or a key holds, it is stored and shown, and does nothing."""

from __future__ import annotations

import contextlib
import io
import json
import sqlite3
from html.parser import HTMLParser

import pyarrow.parquet as parquet
import pytest

from tests.chaos.cloud import NAMES
from tests.e2e.hostile.conftest import Scene
from tests.e2e.hostile.data import HEADER, NOTES, rows, written

KEYS = (
    '100% sure+more %2e%2e%2f it\'s "quoted" & a=b?c#d;e',
    "<script>alert(1)</script>/../../../etc/passwd",
    "'; DROP TABLE runs; -- $(touch pwned) `id` ${HOME} {% 1+1 %}",
    "two\nlines\ttab *?[a]\\b =1+1",
    "ünï 数据 🏠 cafe\u0301",
)


@pytest.fixture(scope="module")
def report(scene: Scene) -> dict[str, bytes]:
    """The evaluation report of the promoted model, as stored."""
    prefix = f"evaluations/{scene.ending.output['training']['job_name']}/"
    s3, bucket = scene.cloud.client("s3"), scene.cloud.outputs["ArtifactBucketName"]
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    return {
        item["Key"].removeprefix(prefix): s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        for item in found
    }


class Page(HTMLParser):
    """Tags, attributes and text of a page as a browser would take them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_hostile_upload_ends_as_a_good_model(scene: Scene):
    assert scene.ending.outcome == "Promoted", scene.ending.cause
    assert scene.ending.output["dataset"]["rows"] == len(rows(7)) + 1
    assert scene.ending.output["dataset"]["quarantined_rows"] == 1


@pytest.mark.parametrize(("number", "note"), list(enumerate(NOTES)))
def test_every_text_is_a_category_of_its_own_to_the_model(scene: Scene, number: int, note: str):
    """Read as anything else, or altered on the way, it would be an unknown category and miss its offset."""
    answer = scene.cloud.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=NAMES.endpoint,
        ContentType="application/json",
        Accept="application/json",
        Body=json.dumps({"instances": [{"first": 0.5, "note": note, "comment": None}]}),
    )
    (predicted,) = json.loads(answer["Body"].read())["predictions"]
    assert predicted == pytest.approx(3.5 + number, abs=1.0)


def test_the_stored_rows_hold_the_texts_as_they_came(scene: Scene):
    s3 = scene.cloud.client("s3")
    bucket, _, key = scene.ending.output["dataset"]["train_uri"].removeprefix("s3://").partition("/")
    (item,) = s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]
    table = parquet.read_table(io.BytesIO(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()))
    assert set(table.column("note").to_pylist()) == set(NOTES)


def test_the_report_shows_the_texts_and_runs_none(report: dict[str, bytes]):
    page = Page(report["report.html"].decode())
    assert not {"script", "img", "iframe", "object", "embed", "link", "form", "base"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    leads = [value for name, value in page.attributes if name in ("href", "src", "xlink:href")]
    assert all(value and value.startswith("#") for value in leads)
    policies = [v for name, v in page.attributes if name == "content" and v and "default-src" in v]
    assert policies
    assert "default-src 'none'" in policies[0]
    for note in ("=1+1", "<script>alert(1)</script>", "'; DROP TABLE runs; --", "../../etc/passwd"):
        assert note in page.text, note
    assert "\u202e" not in page.text


def test_the_machines_report_names_slices_by_their_texts(report: dict[str, bytes]):
    document = json.loads(report["report.json"])
    sliced = {s["value"] for s in document["slices"]}
    assert sliced
    assert sliced <= set(NOTES)
    assert set(document["profile"]["columns"]["note"]["categories"]) <= set(NOTES)


def test_mlflow_still_has_its_tables_and_the_run(scene: Scene):
    (database,) = (scene.state / "sagemaker" / "mlflow").rglob("mlflow.db")
    run_id = scene.ending.output["evaluation"]["mlflow_run_id"]
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT status FROM runs WHERE run_uuid = ?", [run_id]).fetchall()
        assert found == [("FINISHED",)]
        assert connection.execute("SELECT count(*) FROM metrics").fetchone()[0] > 0


@pytest.mark.parametrize("key", KEYS)
def test_an_upload_is_run_whatever_its_key_holds(scene: Scene, key: str):
    """The champion's own data again under another name: it gets as far as the gate, and no further."""
    ending = scene.run(key, written(rows(7, comment="again")))
    assert ending.outcome in ("ChallengerRejected", "NotComparable"), ending.cause
    assert ending.output["key"] == f"incoming/{key}.csv"
    s3 = scene.cloud.client("s3")
    bucket, _, manifest = ending.output["dataset"]["manifest_uri"].removeprefix("s3://").partition("/")
    document = json.loads(s3.get_object(Bucket=bucket, Key=manifest)["Body"].read())
    assert document["source"]["uri"].startswith(f"s3://{scene.cloud.outputs['RawBucketName']}/incoming/")


@pytest.mark.parametrize("name", NOTES[1:18:4])
def test_a_column_by_such_a_name_is_refused_by_name(scene: Scene, name: str):
    lines = [(*row, "1") for row in rows(7, comment="again")]
    ending = scene.run("columns", written(lines, (*HEADER, name)))
    assert ending.outcome == "DatasetRejected"
    (fault,) = ending.output["dataset"]["faults"]
    assert (fault["rule"], fault["column"]) == ("extra column", name)


def test_nothing_was_run_or_written_elsewhere(scene: Scene):
    assert not list(scene.state.parent.rglob("pwned"))
    assert not [p for p in scene.state.rglob("passwd*") if "objects" not in p.parts]
    assert not (scene.state.parent / "etc").exists()
