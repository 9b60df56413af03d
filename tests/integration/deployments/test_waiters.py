"""What waits for an endpoint waits through a deployment, whichever way it ends."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.chaos.cloud import NAMES

pytestmark = pytest.mark.deployments
LISTED = {"EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus"}


class Watcher:
    """Looks at the endpoint until its block ends, and remembers every status with what came with it."""

    def __init__(self, stage: Any) -> None:
        self._stage = stage
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.seen: list[dict[str, Any]] = []

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def statuses(self) -> list[str]:
        """Each status once for each time that it came."""
        found = [look["EndpointStatus"] for look in self.seen]
        return [status for at, status in enumerate(found) if at == 0 or found[at - 1] != status]

    @property
    def stages(self) -> list[tuple[str, int]]:
        """Status of the green variant and its instances with traffic, each once."""
        variants = [
            variant
            for look in self.seen
            for variant in look.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
        ]
        found = [(v["VariantStatus"][0]["Status"], v["CurrentInstanceCount"]) for v in variants]
        return list(dict.fromkeys(found))

    def _look(self) -> None:
        while not self._ended.wait(0.01):
            self.seen.append(self._stage.cloud.endpoint())


@pytest.mark.parametrize("is_healthy", [True, False], ids=["promoted", "rolled back"])
def test_the_waiter_of_boto3_returns_when_the_deployment_is_over(stage, is_healthy):
    green = stage.challenger()
    stage.faults.put({} if is_healthy else {"error_share": 0.5}, endpoint_config=green.job)
    with stage.traffic(40.0), Watcher(stage) as watcher:
        arn = stage.start(green)
        stage.until_baking(1, of=green)
        waiter = stage.sagemaker.get_waiter("endpoint_in_service")
        waiter.wait(EndpointName=NAMES.endpoint, WaiterConfig={"Delay": 0.05, "MaxAttempts": 2000})
        described = stage.cloud.endpoint()
        ended = stage.ended(arn)
    stage.champion = green if is_healthy else stage.champion
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == stage.champion.job
    assert ended.outcome == ("Promoted" if is_healthy else "DeploymentRolledBackError")
    between = ["Updating"] if is_healthy else ["Updating", "RollingBack"]
    assert watcher.statuses == ["InService", *between, "InService"]
    assert watcher.stages[:2] == [("Creating", 0), ("Baking", 1)]
    assert (("Baking", 2) in watcher.stages) == is_healthy
    stage.assert_nothing_left(stage.champion)


def test_while_it_deploys_the_endpoint_is_described_by_the_config_that_still_serves(stage):
    blue, green = stage.champion, stage.challenger()
    arn = stage.start(green)
    stage.until_baking(1, of=green)
    described = stage.cloud.endpoint()
    assert stage.ended(arn).outcome == "Promoted"
    stage.champion = green
    assert described["EndpointConfigName"] == blue.job
    pending = described["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == green.job
    assert described["LastModifiedTime"] >= pending["StartTime"] > described["CreationTime"]
    (variant,) = pending["ProductionVariants"]
    assert (variant["VariantName"], variant["InstanceType"]) == ("AllTraffic", "ml.m5.large")
    (status,) = variant["VariantStatus"]
    assert status["Status"] == "Baking"
    assert status["StatusMessage"]
    assert "PendingDeploymentSummary" not in stage.cloud.endpoint()


def test_an_endpoint_is_listed_by_its_status_while_it_deploys(stage):
    green = stage.challenger()
    arn = stage.start(green)
    stage.until_baking(1, of=green)
    listed = stage.sagemaker.list_endpoints(StatusEquals="Updating")["Endpoints"]
    assert [(set(item), item["EndpointName"]) for item in listed] == [(LISTED, NAMES.endpoint)]
    assert stage.ended(arn).outcome == "Promoted"
    stage.champion = green
    assert stage.sagemaker.list_endpoints(StatusEquals="Updating")["Endpoints"] == []
