"""Clouds to talk to: one with the project deployed, one that is empty; each started once a session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.host.launch import Running, launch
from tests.integration.account import Account

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def cloud() -> Iterator[Running]:
    """The embedded cloud with the project's stage dev deployed."""
    with launch(project=PROJECT) as running:
        yield running


@pytest.fixture(scope="session")
def bare_cloud() -> Iterator[Running]:
    """The embedded cloud with an empty account."""
    with launch(project=PROJECT, deploy=False) as running:
        yield running


@pytest.fixture(scope="session")
def account(bare_cloud: Running) -> Account:
    """Roles, functions and state machines for the asking, in the empty account."""
    return Account(bare_cloud)
