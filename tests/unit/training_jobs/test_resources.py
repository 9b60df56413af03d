import os

import pytest

from training_jobs import resources


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


def test_many_rows_use_every_processor_of_the_process(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2}, raising=False)
    assert resources.fitting_threads(resources.ROWS_WORTH_THREADS) == 3


def test_a_system_without_affinity_has_all_of_its_processors(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert resources.fitting_threads(resources.ROWS_WORTH_THREADS) == 8


def test_few_rows_use_one_thread_and_the_environment_decides_first(monkeypatch):
    assert resources.fitting_threads(10) == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert resources.fitting_threads(10) == 2
