from __future__ import annotations

import pytest

from contracts.names import Names
from localcloud.host.launch import Running
from tests.integration.roles.deployed import Role, roles_of

NAMES = Names("housing", "dev")


@pytest.fixture(scope="package")
def roles(cloud: Running) -> dict[str, Role]:
    """The deployed pipeline's roles by name."""
    return roles_of(cloud, NAMES.prefix)
