"""Each role tried against every action of the others, with real calls."""

from __future__ import annotations

import pytest

from tests.chaos.cloud import NAMES, ChaosCloud
from tests.chaos.report import record
from tests.chaos.requests import Caller
from tests.chaos.roles import Role, let_in, roles_of, shut_out


@pytest.fixture(scope="module")
def roles(cloud: ChaosCloud) -> list[Role]:
    return roles_of(cloud.running, NAMES.prefix)


@pytest.fixture(scope="module")
def caller(cloud: ChaosCloud) -> Caller:
    return Caller(cloud.running.endpoint_url)


def test_no_role_can_do_what_is_granted_to_another(cloud, caller, roles):
    tried, found = let_in(cloud.running, caller, roles)
    assert not found, "\n".join(found)
    assert tried > 500
    record("a role's calls of the others' actions", tried=tried, survived=tried)


def test_each_role_can_do_what_is_granted_to_it(cloud, caller, roles):
    """Guards the test above: a call that is refused to everybody proves nothing."""
    tried, found = shut_out(cloud.running, caller, roles)
    assert not found, "\n".join(found)
    assert tried > 30
