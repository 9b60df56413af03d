"""One cloud with the tiny pipeline for the scenarios that leave it whole, and a fresh one for the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.cloud import ChaosCloud
from tests.chaos.project import assembly


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is long: `make chaos` asks for it, `make test` does not."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.chaos)
            item.add_marker(pytest.mark.timeout(1800))


@pytest.fixture(scope="session")
def cdk_out() -> Path:
    return assembly()


@pytest.fixture(scope="module")
def cloud(cdk_out: Path) -> Iterator[ChaosCloud]:
    """A cloud for one module."""
    running = ChaosCloud.start(cdk_out)
    yield running
    running.stop()
