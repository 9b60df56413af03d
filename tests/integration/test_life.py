"""A cloud starts, ends with everything that it started, and finds its state again, even after kill -9."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localcloud.host.launch import LaunchError, Running, launch
from tests.integration.account import Account, statement
from tests.integration.conftest import PROJECT

SLEEPER = """
import os, subprocess, time
def handle(event, context):
    child = subprocess.Popen(["sleep", "600"])
    print("pids", os.getpid(), child.pid)
    time.sleep(event.get("seconds", 0))
    return [os.getpid(), child.pid]
"""


def wait_for(condition, seconds: float = 120.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def bare(state: Path | None = None, speed: float = 30.0) -> Running:
    return launch(state, project=PROJECT, deploy=False, speed=speed)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_cloud(number: signal.Signals):
    with bare() as cloud:
        account = Account(cloud)
        name = account.function(SLEEPER)
        _, pids = account.invoke(name, {})
        assert all(alive(pid) for pid in pids)
        cloud.stop(number)
        assert wait_for(lambda: not any(alive(pid) for pid in pids))


def test_a_busy_port_is_named_with_the_way_out():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(LaunchError, match=f"Port {port} .* --port N"):
            launch(port=port, project=PROJECT, deploy=False)


def test_a_folder_without_an_app_says_what_to_do(tmp_path: Path):
    with pytest.raises(LaunchError, match=r"no app\.py in .*--assembly DIR"):
        launch(project=tmp_path)


def test_an_app_that_fails_says_why(tmp_path: Path):
    (tmp_path / "app.py").write_text("raise SystemExit('pipeline.toml: gate.metric is not known')")
    with pytest.raises(LaunchError, match=r"Synthesising stage dev failed:\n.*gate\.metric is not known"):
        launch(project=tmp_path)


def test_the_help_teaches():
    said = subprocess.run(
        [sys.executable, "-m", "localcloud", "up", "--help"], cwd=PROJECT, capture_output=True, text=True
    )
    assert said.returncode == 0
    assert "--state build/cloud" in said.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_state_survives_a_restart(tmp_path: Path, number: signal.Signals):
    with bare(tmp_path) as cloud:
        account = Account(cloud)
        s3 = account.client("s3")
        s3.create_bucket(Bucket="kept")
        s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
        version = s3.put_object(Bucket="kept", Key="a.txt", Body=b"first")["VersionId"]
        s3.put_object(Bucket="kept", Key="a.txt", Body=b"second")
        function = account.function("def handle(event, context):\n    return 'still here'\n")
        machine = account.machine({"Done": {"Type": "Succeed"}}, "Done")
        ended = account.run(machine)
        settle(tmp_path, ended["executionArn"], function)
        environment = cloud.environment
        cloud.stop(number)
    with bare(tmp_path) as cloud:
        account = Account(cloud)
        assert cloud.environment["AWS_SECRET_ACCESS_KEY"] == environment["AWS_SECRET_ACCESS_KEY"]
        s3 = account.client("s3")
        assert s3.get_object(Bucket="kept", Key="a.txt")["Body"].read() == b"second"
        assert s3.get_object(Bucket="kept", Key="a.txt", VersionId=version)["Body"].read() == b"first"
        assert account.invoke(function) == (None, "still here")
        assert account.ended(ended["executionArn"])["status"] == "SUCCEEDED"
        assert len(account.history(ended["executionArn"])) == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_running_execution_continues_after_a_restart(tmp_path: Path, number: signal.Signals):
    with bare(tmp_path, speed=1.0) as cloud:
        account = Account(cloud)
        first = {
            "Type": "Pass",
            "Assign": {"kept": "{% $states.input.n + 1 %}"},
            "Output": "{% $states.input %}",
        }
        machine = account.machine(
            {
                "First": {**first, "Next": "Rest"},
                "Rest": {"Type": "Wait", "Seconds": 20, "Next": "Tell"},
                "Tell": {"Type": "Succeed", "Output": {"kept": "{% $kept %}"}},
            },
            "First",
        )
        started = account.client("stepfunctions").start_execution(stateMachineArn=machine, input='{"n": 41}')
        arn = started["executionArn"]
        assert wait_for(lambda: account.history(arn)[-1]["type"] == "WaitStateEntered")
        settle(tmp_path, "WaitStateEntered")
        cloud.stop(number)
    with bare(tmp_path, speed=1000.0) as cloud:
        account = Account(cloud)
        ended = account.ended(arn)
        assert json.loads(ended["output"]) == {"kept": 42}
        kinds = [event["type"] for event in account.history(arn)]
        assert kinds.count("PassStateEntered") == 1
        assert kinds[-1] == "ExecutionSucceeded"


def test_an_approval_that_was_asked_for_can_still_be_given_after_a_restart(tmp_path: Path):
    with bare(tmp_path) as cloud:
        account = Account(cloud)
        queue = account.client("sqs").create_queue(QueueName="approvals")["QueueUrl"]
        ask = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Arguments": {"QueueUrl": queue, "MessageBody": {"token": "{% $states.context.Task.Token %}"}},
            "End": True,
        }
        role = account.role("states.amazonaws.com", statement("sqs:SendMessage"))
        machine = account.machine({"Ask": ask}, "Ask", role=role)
        arn = account.client("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"]
        received = account.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"][0]
        token = json.loads(received["Body"])["token"]
        settle(tmp_path, "TaskSubmitted")
        cloud.stop(signal.SIGKILL)
    with bare(tmp_path) as cloud:
        account = Account(cloud)
        states = account.client("stepfunctions")

        def answered() -> bool:
            try:
                states.send_task_success(taskToken=token, output='"yes"')
            except states.exceptions.TaskTimedOut:
                return False
            return True

        assert wait_for(answered)
        assert json.loads(account.ended(arn)["output"]) == "yes"
        kinds = [event["type"] for event in account.history(arn)]
        assert kinds.count("TaskStateEntered") == kinds.count("TaskScheduled") == 1


def settle(state: Path, *texts: str) -> None:
    """Wait until each text is in a snapshot: what is younger may be lost by kill -9."""

    def kept() -> bool:
        snapshots = [path.read_text() for path in (state / "services").glob("*.json")]
        return all(any(text in snapshot for snapshot in snapshots) for text in texts)

    assert wait_for(kept), f"{texts} were not written to {state} by process {os.getpid()}'s cloud"
