"""What drift detection compares, and what it does not claim to."""

from __future__ import annotations

import pytest

from localcloud.deploy import drift
from localcloud.ministack_adapter import drift as seam
from localcloud.ministack_adapter import stepfunctions

ARN = "arn:aws:states:us-east-1:111122223333:stateMachine:machine"


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[object, frozenset[str]]]:
    """ministack's own, as the plug-in leaves them."""
    monkeypatch.setattr(seam.module(), "_DRIFT_READERS", dict(seam.readers))
    drift.install(None)  # type: ignore[arg-type]  # it asks nothing of the cloud
    found: dict[str, tuple[object, frozenset[str]]] = seam.readers
    return found


def test_in_sync_is_said_only_of_what_was_compared(readers):
    assert "AWS::SQS::Queue" in readers
    assert "AWS::Kinesis::Stream" not in readers
    assert [kind for kind, (_, properties) in readers.items() if not properties] == []


def test_a_state_machine_is_read_as_its_template_has_it(readers):
    read, properties = readers[drift.MACHINE]
    assert properties >= {"DefinitionString", "RoleArn"}
    stepfunctions.state_machines[ARN] = {"name": "machine", "definition": "{}", "roleArn": "role"}
    try:
        assert read(ARN, {}) == {"StateMachineName": "machine", "DefinitionString": "{}", "RoleArn": "role"}
    finally:
        del stepfunctions.state_machines[ARN]
    assert read(ARN, {}) is None
