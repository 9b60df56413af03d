"""An upload reaches its outcome while any call may fail; `make chaos` does it a hundred times over."""

import pytest

from localcloud.faults.client import FaultsClient

# About one call in thirty suffers; the administrator, who watches, is spared.
TROUBLE = {
    "seed": 4,
    "rule": [
        {"fault": "throttle", "probability": 0.01},
        {"fault": "error", "probability": 0.01},
        {"fault": "lost", "probability": 0.005},
        {"fault": "twice", "probability": 0.005},
        {"fault": "timeout", "probability": 0.005, "seconds": 0.1},
    ],
    "kill": [{"target": "lambda", "name": "*-RegisterModel", "after_seconds": 0.2}],
}


@pytest.fixture
def trouble(pipeline):
    faults = FaultsClient(pipeline.cloud.environment)
    faults.put(TROUBLE)
    yield faults
    faults.put({})


def test_an_upload_reaches_its_outcome_through_trouble_of_every_kind(pipeline, good_csv, trouble):
    execution = pipeline.run("incoming/through-trouble.csv", good_csv)
    struck = {entry["fault"] for entry in trouble.report()["injected"]}
    assert len(struck) >= 3, "the seed strikes too little to prove anything"
    assert execution.outcome in ("Promoted", "ChallengerRejected"), (execution.outcome, execution.cause)
    packages = pipeline.cloud.client("sagemaker").list_model_packages(
        ModelPackageGroupName=pipeline.outputs["ModelPackageGroupName"],
        ModelApprovalStatus="PendingManualApproval",
    )
    assert packages["ModelPackageSummaryList"] == []
