"""Which container is which, and that those which are to die do."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from localcloud.containers.container import ContainerSpec
from localcloud.faults.injector import Injector
from localcloud.faults.killer import Reaper, identify
from localcloud.faults.plan import Plan
from localcloud.images.store import Image


class FakeContainer:
    """A container that remembers being killed."""

    def __init__(self, pid):
        self.pid = pid
        self.killed = False
        self._done = []

    def when_done(self, callback):
        self._done.append(callback)

    def kill(self):
        self.killed = True
        for callback in self._done:
            callback()


def spec(name, *arguments):
    return ContainerSpec(cast(Image, SimpleNamespace(root=Path())), name, arguments=arguments)


@pytest.fixture
def reaper(tmp_path):
    return Reaper(Injector(Plan(), tmp_path / "faults.jsonl"))


@pytest.mark.parametrize(
    ("started", "kind"),
    [
        (spec("lambda-dev-IngestData", "lambdas.ingest_data.handler.handler"), ("lambda", "dev-IngestData")),
        (spec("dev-0123", "train"), ("training", "dev-0123")),
        (spec("dev-blue-0", "serve"), ("endpoint", "dev-blue-0")),
    ],
)
def test_a_container_is_known_by_its_name_and_by_what_it_was_started_with(started, kind):
    assert identify(started) == kind


def test_only_what_has_the_kind_and_the_name_is_killed_and_then_forgotten(reaper):
    containers = [FakeContainer(pid) for pid in (1, 2, 3)]
    for name, container in zip(("a-1", "a-2", "b-1"), containers, strict=True):
        reaper.started(spec(name, "train"), container)
    assert reaper.kill("training", "a-*") == 2
    assert [container.killed for container in containers] == [True, True, False]
    assert [entry["name"] for entry in reaper.containers()] == ["b-1"]
    assert reaper.kill("endpoint", "*") == 0
