"""SageMaker reads what was just made with eventual consistency: a miss is asked again, and costs no model."""

from __future__ import annotations

import pytest

from localcloud.faults.client import FaultsClient

pytestmark = pytest.mark.deployments


def unseen(operation: str) -> dict[str, object]:
    """The deploying function's first such call sees nothing that is younger than a minute."""
    rule = {"fault": "stale", "service": "sagemaker", "operation": operation, "principal": "*DeployModel*"}
    return {"rule": [{**rule, "seconds": 60}]}


@pytest.mark.parametrize("operation", ["CreateEndpointConfig", "UpdateEndpoint"])
def test_what_cannot_be_seen_yet_is_asked_for_again(stage, operation: str):
    faults = FaultsClient(stage.cloud.running.environment)
    faults.put(unseen(operation))
    green = stage.challenger()
    try:
        with stage.traffic(40.0):  # a deployment that no request watched would go home
            ended = stage.deploy(green)
        struck = faults.report()["injected"]
    finally:
        faults.put({})
    assert [line["what"] for line in struck] == [f"sagemaker:{operation}"]
    assert ended.outcome == "Promoted", ended.cause
    stage.champion = green
