import os
from pathlib import Path

import pytest

from localcloud.deploy.synth import _caches

JSII = "JSII_RUNTIME_PACKAGE_CACHE_ROOT"
PROJECT = Path("/project")


@pytest.fixture
def writable(monkeypatch):
    """Folders that may be written; root may write everywhere, so the answer is given here."""
    places: list[str] = []
    for name in (JSII, "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) in places)
    return places


def test_the_usual_caches_are_left_alone_in_a_home_of_one_s_own(tmp_path, writable):
    writable.append(str(tmp_path))
    assert _caches(tmp_path, PROJECT) == {}


def test_a_home_that_cannot_be_written_gets_caches_in_the_project(tmp_path, writable):
    caches = {"XDG_CACHE_HOME": "/project/build/cache", JSII: "/project/build/cache/jsii"}
    assert _caches(tmp_path, PROJECT) == caches


def test_a_cache_folder_that_can_be_written_is_enough(tmp_path, writable):
    (tmp_path / ".cache").mkdir()
    writable.append(str(tmp_path / ".cache"))
    assert _caches(tmp_path, PROJECT) == {}


def test_places_that_the_user_chose_stay(tmp_path, writable, monkeypatch):
    monkeypatch.setenv(JSII, "/elsewhere")
    assert _caches(tmp_path, PROJECT)[JSII] == "/elsewhere"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    writable.append(str(tmp_path))
    assert _caches(tmp_path, PROJECT) == {}
