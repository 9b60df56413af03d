from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from inference.http.messages import Request
from inference.http.request_deadline import LONG_BODY_BYTES, RequestDeadline
from inference.http.service import Service
from inference.http.settings import ServerSettings
from tests.unit.inference.models import predictor_of, tree_model


@pytest.fixture
def service() -> Iterator[Service]:
    before = signal.getsignal(signal.SIGALRM)
    made = Service(predictor_of(tree_model()), ServerSettings())
    made.deadline = RequestDeadline(0.05)
    yield made
    signal.signal(signal.SIGALRM, before)


def endless(*arguments: Any) -> None:
    while True:
        pass


@pytest.mark.parametrize("step", ["inference.http.service.read_body", "inference.http.service.written.write"])
def test_a_request_without_end_is_ended(service: Service, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    monkeypatch.setattr(step, endless)

    answer = service.handle(Request("POST", "/invocations", "text/csv", "", "", b"1,2,x\n" * LONG_BODY_BYTES))

    assert answer.status == 413
    assert b"more than 0.05 seconds" in answer.body


def test_a_signal_that_comes_late_ends_nothing(service: Service) -> None:
    body = b"1,2,x\n" * (LONG_BODY_BYTES // 6 + 1)
    service.deadline = RequestDeadline(60.0)
    answer = service.handle(Request("POST", "/invocations", "text/csv", "application/json", "", body))

    assert len(json.loads(answer.body)["predictions"]) == LONG_BODY_BYTES // 6 + 1
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0
    signal.raise_signal(signal.SIGALRM)
