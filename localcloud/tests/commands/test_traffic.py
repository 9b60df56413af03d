import io
import itertools

import pytest
from botocore.exceptions import ClientError

from localcloud.commands import traffic
from localcloud.commands.cli import parse
from localcloud.commands.executions import START_SECONDS, Followed
from localcloud.commands.running import CommandError

WHERE = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIA1",
    "AWS_SECRET_ACCESS_KEY": "secret",
}


class Cloud:
    """One endpoint whose every third answer fails, and an execution that ends after some looks."""

    def __init__(self, endpoints=("housing-dev",), looks=3):
        self.endpoints, self.looks, self.asked = list(endpoints), looks, []

    def list_endpoints(self):
        return {"Endpoints": [{"EndpointName": name} for name in self.endpoints]}

    def describe_endpoint(self, EndpointName):
        status = {"EndpointStatus": "Updating", "EndpointConfigName": "housing-dev-1"}
        return {"EndpointName": EndpointName, **status}

    def invoke_endpoint(self, EndpointName, ContentType, Body):
        self.asked.append(Body)
        if len(self.asked) % 3 == 0:
            raise ClientError({"Error": {"Code": "ModelError", "Message": "it broke"}}, "InvokeEndpoint")
        return {"Body": io.BytesIO(b"438883\n")}

    def list_state_machines(self):
        return {"stateMachines": [{"stateMachineArn": "quiet"}, {"stateMachineArn": "busy"}]}

    def list_executions(self, stateMachineArn, statusFilter, maxResults):
        runs = stateMachineArn == "busy" and self.looks > 0
        return {"executions": [{"executionArn": "busy:1"}] if runs else []}

    def describe_execution(self, executionArn):
        self.looks -= 1
        if self.looks > 0:
            return {"status": "RUNNING", "name": "one"}
        return {"status": "FAILED", "name": "one", "error": "DeploymentRolledBackError", "cause": "alarm"}


def run(cloud, monkeypatch, tmp_path, *words):
    body = tmp_path / "requests.csv"
    body.write_text("1,2\n3,4\n\n")
    monkeypatch.setattr(traffic, "client", lambda environment, service: cloud)
    given = parse(["traffic", "--body", str(body), "--per-second", "30", *words])
    given.pop("command")
    return traffic.run(given, WHERE)


def test_it_tells_answers_and_failures_and_ends_with_the_execution(monkeypatch, tmp_path, capsys):
    told = run(Cloud(), monkeypatch, tmp_path, "--until-execution-ends")
    assert told.splitlines() == [
        "60 requests sent, 20 failed",
        "execution one FAILED with DeploymentRolledBackError: alarm",
    ]
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("Updating     housing-dev-1")
    assert " 20 answered   10 failed" in first
    assert "ModelError" in first


def test_requests_are_the_lines_of_the_file_in_turn():
    cloud = Cloud()
    sender = traffic.Sender(cloud, "text/csv", [b"1,2", b"3,4"])
    tally = sender.send("housing-dev", 4, 2.0, sleep=lambda seconds: None)
    assert sorted(cloud.asked) == [b"1,2", b"1,2", b"3,4", b"3,4"]
    assert (tally.sent, tally.failed) == (4, 1)


def test_of_several_endpoints_one_must_be_named(monkeypatch, tmp_path):
    with pytest.raises(CommandError, match="several endpoints, a, b: choose by --endpoint-name"):
        run(Cloud(["a", "b"]), monkeypatch, tmp_path, "--seconds", "1")


def test_an_endpoint_that_is_being_created_is_not_asked(monkeypatch, capsys):
    cloud = Cloud()
    described = {"EndpointName": "housing-dev", "EndpointStatus": "Creating"}
    monkeypatch.setattr(cloud, "describe_endpoint", lambda EndpointName: described)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    sender = traffic.Sender(cloud, "text/csv", [b"1"])
    assert traffic._one_second(sender, cloud, None, 20.0) == traffic.Tally()
    assert cloud.asked == []
    assert capsys.readouterr().out == "Creating\n"


def test_an_execution_that_never_starts_is_not_waited_for_for_ever():
    clock = itertools.chain([0.0], itertools.repeat(START_SECONDS)).__next__
    followed = Followed(Cloud(looks=0), clock)
    assert followed.has_ended()
    assert "no execution was running within 60 s" in followed.told()


@pytest.mark.parametrize(("content", "complaint"), [(None, "sample-data` writes one"), ("\n\n", "is empty")])
def test_a_file_without_requests_is_refused(content, complaint, tmp_path):
    path = tmp_path / "body"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CommandError, match=complaint):
        traffic.run({"body": path, "until_execution_ends": False}, WHERE)


def test_a_cloud_that_is_gone_is_said(monkeypatch, tmp_path):
    body = tmp_path / "requests.csv"
    body.write_text("1,2\n")
    given = parse(["traffic", "--body", str(body)])
    with pytest.raises(CommandError, match="does not answer as it should"):
        traffic.run(given, WHERE)


@pytest.mark.parametrize("rate", ["0", "nan", "-1", "5000", "x"])
def test_a_rate_that_is_none_is_refused(rate, capsys):
    with pytest.raises(SystemExit):
        parse(["traffic", "--body", "b", "--per-second", rate])
    assert "is not a number above 0" in capsys.readouterr().err
