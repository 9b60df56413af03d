import io
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from localcloud.commands.breaking import run
from localcloud.commands.cli import parse
from localcloud.commands.running import CommandError

VARIABLES = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIA1",
    "AWS_SECRET_ACCESS_KEY": "secret",
}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What the running cloud was told: operation and document."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    calls: list[tuple[str, dict[str, Any]]] = []

    def urlopen(request: urllib.request.Request) -> io.BytesIO:
        assert isinstance(request.data, bytes)
        calls.append((request.headers["X-amz-target"].partition(".")[2], json.loads(request.data)))
        return io.BytesIO(b"{}")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return calls


def command(*words: str) -> str:
    given = parse(words)
    return run(given.pop("command"), given)


def test_the_next_model_is_broken_unless_a_config_is_named(told):
    assert command("break", "--error-share", "0.3") == "the next model to be deployed: error-share 0.3"
    assert command("break", "--nonsense", "--endpoint-config", "c") == "c: nonsense True"
    assert told == [
        ("PutFleetFaults", {"next": True, "fault": {"error_share": 0.3}}),
        ("PutFleetFaults", {"endpoint_config": "c", "fault": {"nonsense": True}}),
    ]


def test_mending_takes_every_fault_back(told):
    assert command("mend") == "every model works again"
    assert told == [("ClearFleetFaults", {})]


def test_it_says_what_is_missing(told, monkeypatch):
    with pytest.raises(CommandError, match="what shall be wrong"):
        command("break")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with pytest.raises(CommandError, match="AWS_ENDPOINT_URL is not set: paste the `export` lines"):
        command("mend")


@pytest.mark.parametrize("share", ["2", "-0.1", "much"])
def test_a_share_is_between_0_and_1(share, capsys):
    with pytest.raises(SystemExit):
        parse(["break", "--error-share", share])
    assert "is not a share: a number from 0 to 1" in capsys.readouterr().err


def test_a_cloud_that_is_not_there_is_named(told, monkeypatch):
    def refused(request):
        raise urllib.error.URLError("connection refused")

    monkeypatch.setattr(urllib.request, "urlopen", refused)
    with pytest.raises(CommandError, match=r"no cloud answers at http://127\.0\.0\.1:1"):
        command("mend")
