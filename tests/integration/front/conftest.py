"""A deployed pipeline with a champion and a front of tokens, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.host.launch import launch
from operations.rehearsal.calling import Caller, address_of
from operations.rehearsal.issuer import AUDIENCE, Issuer
from tests.chaos import datasets
from tests.chaos.cloud import ChaosCloud
from tests.chaos.project import copied

SPEED = 30.0
PATIENCE_SECONDS = 600.0
MAX_ROWS, MAX_BYTES = 10, 5000
FRONT = """
[front]
stages = ["dev"]
auth = "jwt"
issuer = "{issuer}"
audiences = ["{audience}"]
max_rows = {rows}
max_body_bytes = {bytes}
requests_per_second = 1000
burst = 1000
api_keys = ["slow", "fast"]
key_requests_per_second = 1
key_burst = 40
"""


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    with Issuer() as made:
        yield made


@pytest.fixture(scope="session")
def cloud(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaosCloud]:
    project: Path = copied(tmp_path_factory.mktemp("front") / "project")
    front = FRONT.format(issuer=issuer.address, audience=AUDIENCE, rows=MAX_ROWS, bytes=MAX_BYTES)
    config = project / "pipeline.toml"
    config.write_text(config.read_text() + front)
    with launch(project=project, speed=SPEED) as running:
        made = ChaosCloud(running)
        ending = made.wait(made.upload("first", datasets.good(1)), PATIENCE_SECONDS)
        assert ending is not None
        assert ending.outcome == "Promoted", ending.cause
        yield made


@pytest.fixture(scope="session")
def keys(cloud: ChaosCloud) -> dict[str, str]:
    """The API keys by their names in pipeline.toml."""
    found = cloud.client("apigateway").get_api_keys(includeValues=True)["items"]
    return {key["name"].rpartition("-")[2]: key["value"] for key in found}


@pytest.fixture
def caller(cloud: ChaosCloud, issuer: Issuer, keys: dict[str, str]) -> Caller:
    """May predict and post labels."""
    return Caller(address_of(cloud.running), issuer.token("predict labels"), **{"x-api-key": keys["fast"]})
