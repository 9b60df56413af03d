"""Due schedules call their targets in order and in their role; what fails is tried again, or set aside."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.host.clock import FakeClock
from localcloud.services.scheduler import firing, requests, targets
from localcloud.services.scheduler.requests import RefusedError

ACCOUNT, REGION = "111122223333", "us-east-1"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:watch"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:lost"


def schedule(name: str, expression: str, created: float, **target: Any) -> dict[str, Any]:
    return {
        "Arn": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}",
        "State": "ENABLED",
        "ScheduleExpression": expression,
        "CreationDate": created,
        "LastModificationDate": created,
        "Target": {"Arn": MACHINE, "RoleArn": "arn:aws:iam::111122223333:role/starter", **target},
    }


class Fired:
    """A scheduler whose targets are noted, and fail as often as told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock(1_800_000_000.0)
        self.kept: dict[Any, Any] = {}
        self.calls: list[str] = []
        self.letters: list[dict[str, Any]] = []
        self.failures: list[Exception] = []
        stored = SimpleNamespace(schedules=SimpleNamespace(_data=self.kept))
        monkeypatch.setattr(firing, "scheduler", stored)
        monkeypatch.setattr(firing, "responses", SimpleNamespace(request_scope=lambda *_: nullcontext()))
        monkeypatch.setattr(firing.Firing, "_session", lambda *_: None)
        monkeypatch.setattr(targets, "call", self._call)
        monkeypatch.setattr(targets, "send", lambda _, arn, **letter: self.letters.append(letter))
        self.firing = firing.Firing(SimpleNamespace(clock=self.clock, account=ACCOUNT, region=REGION))  # type: ignore[arg-type]

    def add(self, name: str, expression: str, **target: Any) -> None:
        self.kept[(ACCOUNT, REGION, f"default/{name}")] = schedule(
            name, expression, self.clock.now(), **target
        )

    def _call(self, _: Any, target: dict[str, Any], text: str) -> None:
        self.calls.append(text)
        if self.failures:
            raise self.failures.pop(0)


def refusal(code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "StartExecution",
    )


@pytest.fixture
def fired(monkeypatch):
    return Fired(monkeypatch)


def test_a_sweep_that_comes_late_fires_all_that_it_missed_in_their_order(fired):
    fired.add("hours", "rate(1 hour)", Input="hours <aws.scheduler.scheduled-time>")
    fired.add("halves", "rate(90 minutes)", Input="halves <aws.scheduler.scheduled-time>")
    fired.clock.advance(3 * 3600 + 5)
    fired.firing.sweep()
    assert [call.partition(" ")[0] for call in fired.calls] == ["hours", "halves", "hours", "hours", "halves"]
    assert fired.calls[0] == "hours 2027-01-15T09:00:00Z"
    fired.firing.sweep()
    assert len(fired.calls) == 5


def test_the_next_due_time_is_that_of_whichever_schedule_comes_first(fired):
    fired.add("days", "rate(1 day)")
    fired.add("hours", "rate(1 hour)")
    assert fired.firing.next_due() == fired.clock.now() + 3600


def test_what_may_pass_is_tried_again_later_and_the_attempt_is_told(fired):
    fired.add(
        "hours", "rate(1 hour)", Input="<aws.scheduler.attempt-number>", DeadLetterConfig={"Arn": QUEUE}
    )
    fired.failures = [refusal("ThrottlingException", 400), refusal("InternalFailure", 500)]
    fired.clock.advance(3600)
    for _ in range(5):
        fired.firing.sweep()
        fired.clock.advance(10)
    assert fired.calls == ["1", "2", "3"]
    assert not fired.letters


def test_attempts_that_are_spent_end_at_the_dead_letter_queue(fired):
    fired.add(
        "hours",
        "rate(1 hour)",
        Input="what was asked",
        DeadLetterConfig={"Arn": QUEUE},
        RetryPolicy={"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 600},
    )
    fired.failures = [refusal("ServiceUnavailable", 503)] * 9
    fired.clock.advance(3600)
    for _ in range(4):
        fired.firing.sweep()
        fired.clock.advance(20)
    assert len(fired.calls) == 2
    (letter,) = fired.letters
    told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert letter["MessageBody"] == "what was asked"
    assert told["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert (told["RETRY_ATTEMPTS"], told["ERROR_CODE"]) == ("1", "ServiceUnavailable")
    assert told["TARGET_ARN"] == MACHINE


def test_a_refusal_is_not_tried_again(fired):
    fired.add("hours", "rate(1 hour)", DeadLetterConfig={"Arn": QUEUE})
    fired.failures = [refusal("AccessDeniedException", 400)]
    fired.clock.advance(3600)
    fired.firing.sweep()
    fired.clock.advance(600)
    fired.firing.sweep()
    assert len(fired.calls) == len(fired.letters) == 1
    assert "EXHAUSTED_RETRY_CONDITION" not in fired.letters[0]["MessageAttributes"]


def test_one_that_is_off_or_over_fires_nothing(fired):
    fired.add("off", "rate(1 hour)")
    fired.add("over", "rate(1 hour)")
    off, over = fired.kept.values()
    off["State"], over["EndDate"] = "DISABLED", fired.clock.now() + 1800
    fired.clock.advance(7200)
    fired.firing.sweep()
    assert not fired.calls
    assert fired.firing.next_due() is None


GOOD = {
    "ScheduleExpression": "rate(1 hour)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": MACHINE, "RoleArn": "arn:aws:iam::111122223333:role/starter"},
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ScheduleExpression": "banana"}, "Invalid Schedule Expression banana."),
        ({"ScheduleExpressionTimezone": "Mars"}, "Timezone Mars"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes"),
        ({"Target": {**GOOD["Target"], "RetryPolicy": {"MaximumRetryAttempts": 186}}}, "186"),  # type: ignore[dict-item]
        ({"Target": {**GOOD["Target"], "RetryPolicy": {"MaximumEventAgeInSeconds": 59}}}, "59"),  # type: ignore[dict-item]
        ({"Target": {**GOOD["Target"], "Arn": "arn:aws:redshift:::x"}}, "redshift"),  # type: ignore[dict-item]
    ],
)
def test_what_aws_refuses_is_refused_and_named(monkeypatch, change, words):
    monkeypatch.setattr(requests, "_check_role", lambda *_: None)
    requests.check(SimpleNamespace(), "hours", GOOD)  # type: ignore[arg-type]
    with pytest.raises(RefusedError, match=words):
        requests.check(SimpleNamespace(), "hours", {**GOOD, **change})  # type: ignore[arg-type]
