"""One cloud for all of this, started by somebody whose own environment is full of secrets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.chaos.cloud import ChaosCloud, Ending
from tests.chaos.project import assembly
from tests.e2e.hostile.data import rows, written
from tests.e2e.hostile.processes import Watch

PATIENCE_SECONDS = 600.0
HOSTS = {
    name: f"host-marker-{number}-0f1e2d3c"
    for number, name in enumerate(
        (
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE_OF_MINE",
            "GITHUB_TOKEN",
            "DATABASE_URL",
            "MLFLOW_TRACKING_PASSWORD",
            "UV_INDEX_PASSWORD",
        )
    )
}
CONFIDENTIAL = "confidential-marker-77aa"


@dataclass(frozen=True)
class Scene:
    """A cloud in which a hostile upload was promoted, and what its processes were given."""

    cloud: ChaosCloud
    assembly: Path
    state: Path
    ending: Ending
    environments: list[dict[str, str]] = field(repr=False)

    def run(self, key: str, content: bytes) -> Ending:
        """Upload under incoming/KEY.csv and wait for the end."""
        ending = self.cloud.wait(self.cloud.upload(key, content), PATIENCE_SECONDS)
        assert ending is not None, f"{key!r} came to no end"
        return ending


@pytest.fixture(scope="package")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    state = tmp_path_factory.mktemp("hostile") / "state"
    config = Path(__file__).with_name("pipeline.toml").read_text()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in HOSTS.items():
            patch.setenv(name, value)
        out = assembly(config)
        cloud = ChaosCloud.start(out, state)
    try:
        with Watch(cloud.running.process.pid) as watch:
            bad = [("not a number: " + CONFIDENTIAL, "plain", "", 1.0)]
            content = written([*rows(7, comment=CONFIDENTIAL), *bad])
            ending = cloud.wait(cloud.upload("first", content), PATIENCE_SECONDS)
            assert ending is not None
            watch.look()
        yield Scene(cloud, out, state, ending, watch.environments)
    finally:
        cloud.stop()
