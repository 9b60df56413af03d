"""Tables of every kind become a served model by their own draft, unedited: `make test-tables`.

Nothing of the cloud takes part, so that a table costs seconds: it is drafted, ingested, trained on, judged as
a first model, and its own rows are sent to the server as they are written in the file.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn import datasets

from tests.tables.people import TABLES, Made
from tests.tables.whole_way import go

pytestmark = [pytest.mark.tables, pytest.mark.timeout(600)]


@pytest.mark.parametrize("made", TABLES, ids=lambda made: made.__name__)
def test_a_table_becomes_a_served_model_by_its_own_draft(tmp_path: Path, made: Made) -> None:
    brought, path = made(), tmp_path / "brought.csv"
    path.write_bytes(brought.content.encode() if isinstance(brought.content, str) else brought.content)
    way = go(path, brought.target, brought.task, tmp_path)
    assert way.is_promoted == brought.promoted, way.reason
    assert len(way.answers) >= 3
    for as_csv, as_json in way.answers:
        assert as_csv == as_json or float(as_csv) == float(as_json)


@pytest.mark.parametrize("name", ["Regressor", "Classifier"])
@pytest.mark.parametrize(
    ("package", "module"),
    [("catboost", "catboost_model"), pytest.param("torch", "torch_network", marks=pytest.mark.torch)],
)
def test_an_estimator_of_ones_own_goes_the_whole_way(
    tmp_path: Path, package: str, module: str, name: str
) -> None:
    pytest.importorskip(
        package, reason=f"make setup-custom brings catboost, make test-torch torch: no {package}"
    )
    estimator = f"custom:{module}.{name}"
    frame = datasets.load_diabetes(as_frame=True, scaled=False).frame
    frame.loc[::17, "bmi"] = None
    if name == "Classifier":
        frame["target"] = frame["target"].gt(140).map({True: "worse", False: "better"})
    frame.to_csv(tmp_path / "diabetes.csv", index=False)
    way = go(tmp_path / "diabetes.csv", "target", "", tmp_path, estimator=estimator)
    assert way.is_promoted, way.reason
    for as_csv, as_json in way.answers:
        assert as_csv == as_json or float(as_csv) == pytest.approx(float(as_json), rel=1e-6)
