"""What was acknowledged is on disk: which calls wait, and that waiting calls share a snapshot."""

import asyncio
import threading

import pytest

from localcloud.host.durability import Commits, _may_change


def target(action: str) -> dict[str, str]:
    return {"x-amz-target": f"Service_20120810.{action}"}


@pytest.mark.parametrize("action", ["GetItem", "Query", "DescribeTable", "ReceiveMessage", "PutLogEvents"])
def test_reading_and_telemetry_wait_for_nothing(action):
    assert not _may_change("POST", "/", target(action), {})
    assert not _may_change("POST", "/", {}, {"Action": [action]})
    assert not _may_change("POST", f"/service/X/operation/{action}", {}, {})


@pytest.mark.parametrize("action", ["PutItem", "SendMessage", "StartExecution", "CreateRole"])
def test_changes_wait_whatever_the_protocol(action):
    assert _may_change("POST", "/", target(action), {})
    assert _may_change("POST", "/", {}, {"Action": [action]})


@pytest.mark.parametrize(
    ("method", "path", "waits"),
    [
        ("PUT", "/bucket/key", True),
        ("DELETE", "/2015-03-31/functions/f", True),
        ("GET", "/bucket/key", False),
        ("POST", "/2015-03-31/functions/f/invocations", False),
    ],
)
def test_a_rest_call_waits_by_its_method_but_an_invocation_does_not(method, path, waits):
    assert _may_change(method, path, {}, {}) is waits


def test_calls_that_come_while_a_snapshot_is_written_share_the_next_one():
    began, go_on = threading.Event(), threading.Event()
    written: list[str] = []

    def write(key: str) -> None:
        written.append(key)
        began.set()
        go_on.wait(5)

    async def story() -> None:
        commits = Commits(write)
        first = asyncio.create_task(commits.commit("sqs"))
        await asyncio.to_thread(began.wait, 5)
        later = [asyncio.create_task(commits.commit("sqs")) for _ in range(10)]
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(first, *later)

    asyncio.run(story())
    assert written == ["sqs", "sqs"]


def test_a_call_never_counts_on_a_snapshot_that_began_before_it():
    written: list[int] = []
    state = [0]

    async def story() -> None:
        commits = Commits(lambda key: written.append(state[0]))
        for value in (1, 2, 3):
            state[0] = value
            await commits.commit("sqs")
            assert written[-1] == value

    asyncio.run(story())
