from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.unit.training_jobs.rows import housing_config
from training_jobs.features import DerivedFeatures, derived_features


def test_the_recipes_of_the_configuration_become_named_columns() -> None:
    features = derived_features(housing_config("linear", {}).features)

    names = [step[0] for step in features.steps]
    assert names[:3] == [
        "total_rooms_per_households",
        "total_bedrooms_per_total_rooms",
        "population_per_households",
    ]
    assert "longitude_rotated_45" in names
    assert "distance_to_los_angeles" in names


def test_a_ratio_is_missing_where_it_cannot_be_had() -> None:
    frame = pd.DataFrame({"a": [1.0, 0.0, 5.0, np.nan, 1e308], "b": [2.0, 0.0, 0.0, 1.0, 1e-10]})
    found = DerivedFeatures([("r", "ratio", "a", "b", 0.0, 0.0)]).fit(frame).transform(frame)

    assert found["r"].tolist() == pytest.approx([0.5, np.nan, np.nan, np.nan, np.nan], nan_ok=True)


def test_coordinates_turn_and_distances_are_planar() -> None:
    frame = pd.DataFrame({"x": [3.0], "y": [4.0]})
    steps = [("t", "combine", "x", "y", 0.0, 1.0), ("d", "distance", "x", "y", 0.0, 0.0)]
    found = DerivedFeatures(steps).fit(frame).transform(frame)

    assert found.iloc[0].tolist() == [3.0, 4.0, 4.0, 5.0]
    assert DerivedFeatures(steps).fit(frame).get_feature_names_out().tolist() == ["x", "y", "t", "d"]


def test_a_missing_text_is_nan_however_it_came() -> None:
    frame = pd.DataFrame({"a": np.array(["x", None, np.nan], dtype=object), "b": pd.Series(["x", None, "y"])})
    found = DerivedFeatures().fit(frame).transform(frame)

    assert found["a"].tolist() == [
        "x",
        pytest.approx(np.nan, nan_ok=True),
        pytest.approx(np.nan, nan_ok=True),
    ]
    assert found["b"].tolist() == ["x", pytest.approx(np.nan, nan_ok=True), "y"]
    assert found["a"].dtype == object
