"""`make rehearse`, whole: from an upload to a served model, a rollback, and a better model."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.sockets import Listening

PROJECT = Path(__file__).resolve().parents[2]
REAL_DATA = PROJECT.parent / "shared/data/housing.csv"
PATIENCE_SECONDS = 1_800
pytestmark = pytest.mark.timeout(PATIENCE_SECONDS + 60)
MAX_RMSE_ON_REAL_DATA = 45_500


@pytest.fixture(scope="module")
def sockets():
    """What the rehearsal's processes listened on; filled by it."""
    return set()


@pytest.fixture(scope="module")
def outside():
    """Those of them that other machines could reach."""
    return set()


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory, sockets, outside):
    """The rehearsal's own account of itself, on the real data where there is any."""
    data = {"DATA": str(REAL_DATA)} if REAL_DATA.exists() else {}
    environment = {k: v for k, v in os.environ.items() if k != "DATA"}
    log = tmp_path_factory.mktemp("rehearsal") / "said"
    with (
        log.open("w") as said,
        subprocess.Popen(
            [sys.executable, "-m", "operations.rehearsal"],
            cwd=PROJECT,
            env={**environment, **data},
            stdout=said,
            stderr=subprocess.STDOUT,
        ) as running,
        Listening(running.pid) as listening,
    ):
        status = running.wait(PATIENCE_SECONDS)
    assert status == 0, log.read_text()[-4000:]
    sockets.update(listening.seen)
    outside.update(listening.off_loopback)
    return json.loads((PROJECT / "build/rehearsal.json").read_text())


@pytest.mark.e2e
def test_the_story_goes_as_told(rehearsal):
    outcomes = [run["outcome"] for run in rehearsal["runs"]]
    assert outcomes == ["Promoted", "DeploymentRolledBackError", "Promoted"]


@pytest.mark.e2e
def test_the_rollback_leaves_the_champion_serving_and_fails_only_the_canary_s_requests(rehearsal):
    _, broken, _ = rehearsal["runs"]
    assert broken["endpoint_config_after"] == broken["endpoint_config_before"]
    assert broken["requests_failed_on_blue"] == 0
    assert 0 < broken["requests_failed"] == broken["requests_failed_on_green"]
    assert any(state == "ALARM" for sample in broken["timeline"] for state in sample["alarms"].values())


@pytest.mark.e2e
def test_the_better_model_takes_over_and_answers(rehearsal):
    first, _, second = rehearsal["runs"]
    assert second["endpoint_config_before"] == first["endpoint_config_after"]
    assert second["endpoint_config_after"] != first["endpoint_config_after"]
    assert second["challenger"]["rmse_error"] < second["champion"]["rmse_error"]
    assert len(second["predictions"]) == 3
    assert first["dataset_version"] != second["dataset_version"]


@pytest.mark.e2e
@pytest.mark.skipif(not REAL_DATA.exists(), reason="the real data is not beside the project")
def test_on_the_real_data_the_model_is_as_good_as_a_careful_one(rehearsal):
    assert rehearsal["runs"][-1]["rmse_error"] <= MAX_RMSE_ON_REAL_DATA


@pytest.mark.e2e
def test_nothing_that_it_started_listened_off_loopback(rehearsal, sockets, outside):
    assert len(sockets) > 4  # the gateway, functions' APIs, endpoints, MLflow
    assert outside == set()
