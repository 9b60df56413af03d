"""Recordings hold nothing of an account, and the suite holds its budget; needs no cloud."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conformance import conftest
from tests.conformance.recording import Recorder, scrubbed
from tests.conformance.world import World

ACCOUNT, KEY = "123456789012", "ASIAABCDEFGHIJKLMNOP"


def test_account_ids_keys_names_times_and_addresses_are_replaced():
    answer = {
        "Arn": f"arn:aws:sns:us-east-1:{ACCOUNT}:greenlight-conformance-0123456789ab",
        "Credentials": {"AccessKeyId": KEY, "SecretAccessKey": "s", "SessionToken": "t"},
        "Made": datetime.now(UTC),
        "Endpoint": "me@company.org",
        "Id": "0b0c5b26-0a7c-4a06-a6b7-2fd2f0f9a3c1",
        "Count": 3,
        "ResponseMetadata": {"RequestId": "r"},
    }
    kept = json.dumps(scrubbed(answer))
    for private in (ACCOUNT, KEY, "me@company.org", "0b0c5b26", "0123456789ab", "SessionToken", "RequestId"):
        assert private not in kept
    assert scrubbed(answer)["Arn"] == "arn:aws:sns:us-east-1:111122223333:greenlight-conformance-NAME"
    assert scrubbed(answer)["Count"] == 3


def test_a_conversation_is_saved_once_with_request_and_answer(tmp_path):
    handlers: dict[str, Any] = {}
    events = SimpleNamespace(register=lambda name, handler: handlers.update({name: handler}))
    meta = SimpleNamespace(service_model=SimpleNamespace(service_name="sns"), events=events)
    recorder = Recorder()
    recorder.listen(SimpleNamespace(meta=meta))
    handlers["provide-client-params"](params={"Name": "n"})
    handlers["after-call"](
        parsed={"TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:n"}, model=SimpleNamespace(name="CreateTopic")
    )
    recorder.save(tmp_path / "a.json")
    (call,) = json.loads((tmp_path / "a.json").read_text())
    assert (call["service"], call["operation"], call["request"]) == ("sns", "CreateTopic", {"Name": "n"})
    assert call["answer"] == {"TopicArn": "arn:aws:sns:us-east-1:111122223333:n"}
    recorder.save(tmp_path / "b.json")
    assert not (tmp_path / "b.json").exists()


def test_what_was_made_is_removed_last_first_and_what_stays_is_told():
    world = World(lambda service: None, 1.0, False)
    gone: list[str] = []

    def stuck() -> None:
        raise RuntimeError("in use")

    world.remove_later("first", lambda: gone.append("first"))
    world.remove_later("stuck", stuck)
    world.remove_later("last", lambda: gone.append("last"))
    assert world.clean() == ["stuck: in use"]
    assert gone == ["last", "first"]
    assert world.clean() == []


def test_the_budget_is_told_and_held(monkeypatch, capsys):
    monkeypatch.setenv("CLOUD", "aws")
    item = SimpleNamespace(
        name="test_dear",
        path=conftest.PROJECT / "tests/conformance/test_dear.py",
        get_closest_marker=lambda name: SimpleNamespace(args=(5.01, "an endpoint")),
    )
    session: Any = SimpleNamespace(
        items=[item], config=SimpleNamespace(option=SimpleNamespace(collectonly=False))
    )
    with pytest.raises(pytest.exit.Exception, match=r"up to \$5\.01"):
        conftest.pytest_collection_finish(session)
    assert "test_dear: at most $5.01 (an endpoint)" in capsys.readouterr().out
    monkeypatch.delenv("CLOUD")
    conftest.pytest_collection_finish(session)
