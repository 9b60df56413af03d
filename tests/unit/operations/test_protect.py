"""A stage that keeps its data is protected once it is deployed, and not before."""

import pytest

from contracts.names import RETAINS_DATA_TAG
from operations.deployed import DeployedStage
from operations.protect import protect


class FakeStacks:
    """CloudFormation with one stack; remembers what was protected."""

    def __init__(self, status, kept):
        self._stack = {"StackStatus": status, "Tags": [{"Key": RETAINS_DATA_TAG, "Value": kept}]}
        self.protected = []

    def client(self, service):
        assert service == "cloudformation"
        return self

    def describe_stacks(self, *, StackName):
        return {"Stacks": [self._stack]}

    def update_termination_protection(self, *, StackName, EnableTerminationProtection):
        self.protected.append((StackName, EnableTerminationProtection))


def protected(status, kept):
    stacks = FakeStacks(status, kept)
    said = protect(DeployedStage("prod", stacks))
    assert said == bool(stacks.protected)
    return stacks.protected


def test_a_deployed_stage_that_keeps_its_data_is_protected():
    assert protected("CREATE_COMPLETE", "true") == [("housing-prod", True)]
    assert protected("UPDATE_COMPLETE", "true") == [("housing-prod", True)]


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "CREATE_FAILED"])
def test_a_first_deployment_that_failed_stays_deletable(status):
    assert protected(status, "true") == []


def test_a_stage_that_keeps_nothing_stays_deletable():
    assert protected("CREATE_COMPLETE", "false") == []
