"""`CLOUD=aws` asks the account of the usual credentials; without it, a cloud of its own on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.recording import Recorder
from tests.conformance.world import World

PROJECT = Path(__file__).resolve().parents[2]
RECORDINGS = PROJECT / "tests" / "recordings"
BUDGET_DOLLARS = 5.0
SPEED = 30.0


def on_aws() -> bool:
    return os.environ.get("CLOUD", "") == "aws"


def costs_of(items: list[pytest.Item]) -> list[tuple[str, float, str]]:
    """Each test of this suite with what it costs at most on AWS, in dollars, and for what."""
    found = []
    for item in items:
        if PROJECT / "tests" / "conformance" not in item.path.parents:
            continue
        marker = item.get_closest_marker("costs")
        dollars, reason = marker.args if marker else (0.0, "calls that cost nothing")
        found.append((item.name, float(dollars), str(reason)))
    return found


def pytest_collection_finish(session: pytest.Session) -> None:
    """On AWS the budget is told, and held, before anything is made."""
    if not on_aws() or session.config.option.collectonly:
        return
    costs = costs_of(session.items)
    total = sum(dollars for _, dollars, _ in costs)
    for name, dollars, reason in costs:
        print(f"{name}: at most ${dollars:.2f} ({reason})")
    print(f"together at most ${total:.2f} of ${BUDGET_DOLLARS:.2f}; everything made is removed again")
    if total > BUDGET_DOLLARS:
        pytest.exit(f"the suite would cost up to ${total:.2f}: choose tests with -k", returncode=4)


@pytest.fixture(scope="session")
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="session")
def cloud_world(request: pytest.FixtureRequest, recorder: Recorder) -> Iterator[World]:
    from botocore.config import Config

    # AWS serves TestState at a host of its own, which a cloud on loopback has not.
    if on_aws():
        import boto3

        session = boto3.Session()
        yield World(lambda service: recorder.listen(session.client(service)), 1.0, True)
        return
    from localcloud.host.launch import launch

    config = Config(inject_host_prefix=False)
    with launch(project=PROJECT, deploy=False, speed=SPEED) as running:
        yield World(lambda service: recorder.listen(running.client(service, config=config)), SPEED, False)


@pytest.fixture
def world(cloud_world: World, recorder: Recorder, request: pytest.FixtureRequest) -> Iterator[World]:
    """The cloud, from which whatever a test made is gone after it: after a failure and Ctrl-C too."""
    try:
        yield cloud_world
    finally:
        left = cloud_world.clean()
        if cloud_world.is_aws:
            recorder.save(RECORDINGS / f"{request.node.name}.json")
    assert not left, f"remove by hand: {left}"
