"""Each role of the deployed pipeline, with real calls: its own actions are open, the others' are not."""

from __future__ import annotations

import pytest

from contracts.names import Names
from localcloud.launch import Running
from tests.integration.requests import Caller
from tests.integration.roles import Role, let_in, roles_of, shut_out

# One in so many of the others' grants is tried for each role; `make chaos` tries them all.
SAMPLE = 12


@pytest.fixture(scope="module")
def roles(cloud: Running) -> list[Role]:
    return roles_of(cloud, Names("housing", "dev").prefix)


@pytest.fixture(scope="module")
def caller(cloud: Running) -> Caller:
    return Caller(cloud.endpoint_url)


def test_no_role_can_do_what_is_granted_to_another(cloud, caller, roles):
    tried, found = let_in(cloud, caller, roles, every=SAMPLE)
    assert not found, "\n".join(found)
    assert tried > 50


def test_each_role_can_do_what_is_granted_to_it(cloud, caller, roles):
    """Guards the test above: a call that is refused to everybody proves nothing."""
    tried, found = shut_out(cloud, caller, roles[:4])
    assert not found, "\n".join(found)
    assert tried > 5
