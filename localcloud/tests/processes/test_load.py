import os

import pytest

from localcloud.processes import load


@pytest.mark.parametrize(
    ("average", "processors", "expected"),
    [(0.1, 2, 1.0), (2.0, 2, 1.0), (20.0, 2, 10.0), (900.0, 2, load.MOST), (20.0, None, 20.0)],
)
def test_limits_grow_with_the_load_for_each_processor(monkeypatch, average, processors, expected):
    monkeypatch.setattr(os, "getloadavg", lambda: (average, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    assert load.factor() == expected


def test_a_system_without_a_load_average_counts_as_quiet(monkeypatch):
    monkeypatch.delattr(os, "getloadavg")
    assert load.factor() == 1.0
