"""What an estimator's library cannot do on this machine is said in the product's words."""

import sys
from types import ModuleType

import pytest

from training_jobs.errors import TrainingError
from training_jobs.estimators import make_estimator


class WithoutOpenMP(ModuleType):
    """LightGBM as it is on a machine that lacks what it is linked with."""

    def __getattr__(self, name):
        raise OSError("libgomp.so.1: cannot open shared object file: No such file or directory")


def test_lightgbm_without_openmp_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", WithoutOpenMP("lightgbm"))
    with pytest.raises(
        TrainingError, match=r"LightGBM cannot be loaded.*libgomp\.so\.1.*apt-get install libgomp1"
    ):
        make_estimator("lightgbm", "regression", {}, seed=1, threads=1)
