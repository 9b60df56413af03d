"""How far the answers are from those that training saw."""

from __future__ import annotations

import numpy as np
import pytest

from contracts import metrics
from inference.model import shift
from inference.model.shift import Shift

REGRESSION = {"answers": {"means": [100.0], "standard_deviations": [20.0]}}
CLASSES = {"answers": {"means": [0.75, 0.25], "standard_deviations": [0.5, 0.25]}}


def measuring(manifest) -> Shift:
    measured = Shift.of(manifest)
    assert measured is not None
    return measured


def reading(manifest, *batches):
    measured = measuring(manifest)
    for batch in batches:
        measured.add(np.array(batch, dtype=float))
    return measured.take()


def many(*answer):
    """So many answers that the doubt about few of them is negligible."""
    return [list(answer)] * 1_000_000


def test_answers_like_trainings_are_no_shift():
    assert reading(REGRESSION, [[90.0], [110.0]]) == (2, 0.0)


def test_a_shift_is_the_means_distance_in_standard_deviations_of_the_target():
    number, found = reading(REGRESSION, many(130.0), [[130.0], [130.0]])
    assert (number, found) == (1_000_002, pytest.approx(1.5, rel=1e-4))


def test_of_several_classes_the_farthest_counts():
    assert reading(CLASSES, many(0.25, 0.75)).shift == pytest.approx(2.0, rel=1e-4)
    assert reading(CLASSES, many(1.0, 0.0)).shift == pytest.approx(-1.0, rel=1e-4)


def test_a_few_answers_far_from_the_mean_are_hardly_a_shift_unless_they_are_absurd():
    assert reading(REGRESSION, [[160.0]]) == (1, pytest.approx(3 / 11))
    assert reading(REGRESSION, [[-100_000.0]]).shift == pytest.approx(-455)


def test_a_reading_begins_anew_and_no_answers_are_no_reading():
    measured = measuring(REGRESSION)
    assert measured.take() is None
    measured.add(np.array([[140.0]]))
    again = measured.take()
    assert again is not None
    assert again.number == 1
    assert again.shift == pytest.approx(2 / 11)
    assert measured.take() is None


def test_an_output_without_deviation_is_measured_in_its_own_unit():
    manifest = {"answers": {"means": [1.0], "standard_deviations": [0.0]}}
    assert reading(manifest, many(0.5)).shift == pytest.approx(-0.5, rel=1e-4)


def test_an_artefact_that_does_not_know_its_answers_reports_none():
    assert Shift.of({}) is None


def test_the_line_is_the_one_that_the_metric_filter_reads():
    assert shift.EVENT == metrics.PREDICTIONS_EVENT
    assert shift.CONFIG_FIELD == metrics.PREDICTIONS_CONFIG_FIELD
    assert shift.SHIFT_FIELD == metrics.PREDICTIONS_SHIFT_FIELD
