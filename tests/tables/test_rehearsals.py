"""Real tables, rehearsed with the draft that they get, unedited: `make test-tables`.

They are those that scikit-learn brings, one of them written as a German spreadsheet would be.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console
from sklearn import datasets

from contracts.pipeline_config import PipelineConfig
from localcloud.host.launch import launch
from localcloud.services.sagemaker.hosting.fleet.fault_client import FleetFaults
from operations.draft.drafting import drafted
from operations.draft.table import table_of
from operations.rehearsal.acts import Run, Story
from operations.rehearsal.display import Display
from operations.rehearsal.stage import Stage
from operations.rehearsal.uploads import read_source
from tests.chaos.project import assembly

pytestmark = [pytest.mark.tables, pytest.mark.timeout(1800)]
SPEED = 60.0


def named(loaded: object) -> pd.DataFrame:
    """A classification's table with the names of its classes."""
    frame: pd.DataFrame = loaded.frame  # type: ignore[attr-defined]
    return frame.assign(target=[str(loaded.target_names[code]) for code in frame["target"]])  # type: ignore[attr-defined]


def iris(path: Path) -> None:
    named(datasets.load_iris(as_frame=True)).to_csv(path, index=False)


def wine(path: Path) -> None:
    named(datasets.load_wine(as_frame=True)).to_csv(path, index=False)


def breast_cancer(path: Path) -> None:
    named(datasets.load_breast_cancer(as_frame=True)).to_csv(path, index=False)


def digits(path: Path) -> None:
    """Ten classes, called by whole numbers."""
    datasets.load_digits(as_frame=True).frame.to_csv(path, index=False)


def diabetes(path: Path) -> None:
    datasets.load_diabetes(as_frame=True, scaled=False).frame.to_csv(path, index=False)


def diabetes_as_a_german_spreadsheet(path: Path) -> None:
    """A title, semicolons, decimal commas, an index without a name, and not UTF-8."""
    frame = datasets.load_diabetes(as_frame=True, scaled=False).frame
    frame["sex"] = frame["sex"].map({1.0: "männlich", 2.0: "weiblich"})
    text = io.StringIO()
    frame.to_csv(text, sep=";", decimal=",")
    path.write_bytes(("Diabetesstudie\n\n" + text.getvalue()).encode("cp1252"))


# The least that the first champion has to reach on its holdout, by table and metric.
TABLES: dict[str, tuple[Callable[[Path], None], str, float]] = {
    "iris": (iris, "accuracy_score", 0.8),
    "wine": (wine, "accuracy_score", 0.85),
    "breast-cancer": (breast_cancer, "accuracy_score", 0.88),
    "digits": (digits, "accuracy_score", 0.85),
    "diabetes": (diabetes, "r2_score", 0.2),
    "diabetes-german": (diabetes_as_a_german_spreadsheet, "r2_score", 0.2),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_real_table_is_rehearsed_with_its_own_draft(tmp_path: Path, name: str) -> None:
    write, metric, least = TABLES[name]
    rehearse(tmp_path, name, write, metric, least)


@pytest.mark.parametrize(
    ("name", "estimator"),
    [
        ("diabetes", "custom:catboost_model.Regressor"),
        ("wine", "custom:catboost_model.Classifier"),
    ],
)
def test_an_estimator_of_ones_own_is_rehearsed_like_any_other(
    tmp_path: Path, name: str, estimator: str
) -> None:
    pytest.importorskip("catboost", reason="make setup-custom installs it")
    write, metric, least = TABLES[name]
    rehearse(tmp_path, name, write, metric, least, estimator)


def rehearse(
    tmp_path: Path, name: str, write: Callable[[Path], None], metric: str, least: float, estimator: str = ""
) -> None:
    path = tmp_path / f"{name}.csv"
    write(path)
    with table_of(path) as table:
        _, text, _ = drafted(table, "target")
    if estimator:
        text = text.replace('estimator = "auto"', f'estimator = "{estimator}"')
        assert estimator in text
    (tmp_path / "pipeline.toml").write_text(text, encoding="utf-8")
    source = read_source(str(path), PipelineConfig.load(tmp_path / "pipeline.toml"))
    runs: list[Run] = []
    said = io.StringIO()
    with launch(assembly=assembly(text), speed=SPEED) as cloud:
        story = Story(
            Stage(cloud.session(), cloud.endpoint_url, dict(cloud.outputs)),
            source,
            Display(Console(file=said)),
            runs,
        )
        story.play(FleetFaults(cloud.environment))
    promoted = [run for run in runs if run.execution.outcome == "Promoted"]
    assert promoted, said.getvalue()
    assert all(len(run.predictions) == 3 for run in promoted)
    assert promoted[-1].evaluation["challenger"][metric] >= least, said.getvalue()
