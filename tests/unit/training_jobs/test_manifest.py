"""What a manifest says of the model's answers."""

from __future__ import annotations

import numpy as np
import pytest

from inference.model import Head, Model
from training_jobs.manifest import describe_answers


def model(*classes):
    return Model((), (), Head("trees", max(1, len(classes)), (0.0,)), classes)


def test_of_a_regression_it_keeps_the_targets_mean_and_deviation():
    found = describe_answers(np.array([1.0, 2.0, 3.0]), model())["answers"]
    assert found["means"] == [2.0]
    assert found["standard_deviations"] == [pytest.approx(np.sqrt(2 / 3))]


def test_of_a_classification_it_keeps_each_classs_share():
    found = describe_answers(np.array(["a", "b", "a", "a"]), model("a", "b"))["answers"]
    assert found["means"] == [0.75, 0.25]
    assert found["standard_deviations"] == [pytest.approx(np.sqrt(0.75 * 0.25))] * 2
