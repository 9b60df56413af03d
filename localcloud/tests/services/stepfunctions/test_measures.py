from types import SimpleNamespace
from typing import Any, cast

import pytest

from localcloud.services.stepfunctions.measures import record_end, record_start

MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:m"


def put(record: dict[str, Any]) -> dict[str, tuple[float, str]]:
    published: dict[str, tuple[float, str]] = {}

    def put_metric(namespace, name, value, *, unit, dimensions):
        assert (namespace, dimensions) == ("AWS/States", {"StateMachineArn": MACHINE})
        published[name] = (value, unit)

    cloud = cast(Any, SimpleNamespace(put_metric=put_metric))
    record_start(cloud, record)
    if record["status"] != "RUNNING":
        record_end(cloud, record)
    return published


def record(status: str, **more: Any) -> dict[str, Any]:
    times = {"startDate": "2026-01-01T00:00:00.000Z", "stopDate": "2026-01-01T00:00:01.500Z"}
    return {"stateMachineArn": MACHINE, "status": status, **times, **more}


@pytest.mark.parametrize(
    ("status", "name"),
    [
        ("SUCCEEDED", "ExecutionsSucceeded"),
        ("FAILED", "ExecutionsFailed"),
        ("TIMED_OUT", "ExecutionsTimedOut"),
        ("ABORTED", "ExecutionsAborted"),
    ],
)
def test_an_execution_that_ended_is_counted_by_how_and_timed(status, name):
    assert put(record(status)) == {
        "ExecutionsStarted": (1, "Count"),
        name: (1, "Count"),
        "ExecutionTime": (1500.0, "Milliseconds"),
    }


def test_a_map_runs_children_are_not_counted_as_the_machines_executions():
    assert put(record("SUCCEEDED", mapRunArn="arn")) == {}
