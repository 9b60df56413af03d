"""`cdk deploy --hotswap`, `cdk watch` and `cdk drift` by the real CLI: what changes in place, what did."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.host.launch import Running, launch
from tests.integration.conftest import PROJECT
from tests.integration.test_cdk_cli import CDK, cdk_environment

MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:machine"
APP = """
import aws_cdk as cdk
from aws_cdk import aws_lambda, aws_stepfunctions as sfn

app = cdk.App()
stack = cdk.Stack(app, "shop")
aws_lambda.Function(
    stack, "Greeter", runtime=aws_lambda.Runtime.PYTHON_3_12, handler="code.handle",
    code=aws_lambda.Code.from_asset("code"), function_name="greeter",
)
body = sfn.DefinitionBody.from_string(open("machine.json").read())
sfn.StateMachine(stack, "Machine", state_machine_name="machine", definition_body=body)
app.synth()
"""


class Shop:
    """A CDK app that says one word, in a function and in a state machine."""

    def __init__(self, folder: Path, cloud: Running) -> None:
        self.folder = folder
        self.cloud = cloud
        self.environment = cdk_environment(cloud, folder / "home")
        (folder / "code").mkdir()
        (folder / "app.py").write_text(APP)
        watched = {"include": ["code/**", "machine.json"], "exclude": ["**/__pycache__"]}
        (folder / "cdk.json").write_text(json.dumps({"app": "python app.py", "watch": watched}))

    def write(self, word: str) -> None:
        definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": word, "End": True}}}
        (self.folder / "machine.json").write_text(json.dumps(definition))
        (self.folder / "code/code.py").write_text(f"def handle(event, context):\n    return {word!r}\n")

    def says(self) -> tuple[str, str]:
        """What the function and the state machine of the cloud say."""
        answer = self.cloud.client("lambda").invoke(FunctionName="greeter")["Payload"]
        machine = self.cloud.client("stepfunctions").describe_state_machine(stateMachineArn=MACHINE)
        return json.load(answer), json.loads(machine["definition"])["States"]["A"]["Result"]

    def cdk(self, *arguments: str, succeeds: bool = True) -> str:
        done = subprocess.run(
            [str(CDK), *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True
        )
        assert (done.returncode == 0) is succeeds, done.stdout + done.stderr
        return done.stdout + done.stderr

    def deploy(self, word: str) -> None:
        self.write(word)
        self.cdk("deploy", "--require-approval", "never")

    def drifts(self) -> dict[str, str]:
        """What the last look found, by type."""
        cloudformation = self.cloud.client("cloudformation")
        found = cloudformation.describe_stack_resource_drifts(StackName="shop")["StackResourceDrifts"]
        return {one["ResourceType"]: one["StackResourceDriftStatus"] for one in found}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """In a cloud of its own: other tests expect an account that nobody bootstrapped."""
    with launch(project=PROJECT, deploy=False) as cloud:
        made = Shop(tmp_path_factory.mktemp("shop"), cloud)
        made.write("none")
        made.cdk("bootstrap")
        yield made


def eventually(shop: Shop, word: str, watching: subprocess.Popen[str]) -> None:
    while shop.says() != (word, word):
        assert watching.poll() is None, watching.communicate()[0]
        time.sleep(0.2)


def test_hotswap_and_watch_change_what_runs_without_a_change_set(shop: Shop):
    shop.deploy("one")
    assert shop.says() == ("one", "one")
    before = shop.cloud.client("cloudformation").describe_stacks(StackName="shop")["Stacks"][0]
    shop.write("two")
    said = shop.cdk("deploy", "--hotswap")
    assert "AWS::StepFunctions::StateMachine" in said
    assert shop.says() == ("two", "two")
    with subprocess.Popen(
        [str(CDK), "watch"],
        cwd=shop.folder,
        env=shop.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as watching:
        try:
            assert watching.stdout
            while "Total time" not in watching.stdout.readline():
                assert watching.poll() is None
            shop.write("three")
            eventually(shop, "three", watching)
        finally:
            watching.send_signal(signal.SIGTERM)
    after = shop.cloud.client("cloudformation").describe_stacks(StackName="shop")["Stacks"][0]
    assert after.get("LastUpdatedTime") == before.get("LastUpdatedTime")


def test_what_changed_beside_the_template_is_drift(shop: Shop):
    """CloudFormation User Guide, "Detect unmanaged configuration changes to stacks and resources"."""
    shop.deploy("as written")
    shop.cdk("drift", "--fail")
    assert shop.drifts()["AWS::StepFunctions::StateMachine"] == "IN_SYNC"
    shop.write("swapped")
    shop.cdk("deploy", "--hotswap")
    # The template says nothing about memory, so a change of it is no drift.
    shop.cloud.client("lambda").update_function_configuration(FunctionName="greeter", MemorySize=512)
    said = shop.cdk("drift", "--fail", succeeds=False)
    assert "AWS::StepFunctions::StateMachine" in said
    assert "swapped" in said
    assert shop.drifts()["AWS::Lambda::Function"] == "IN_SYNC"


def test_cloud_control_refuses_by_name_what_it_would_only_pretend(bare_cloud: Running):
    control = bare_cloud.client("cloudcontrol")
    with pytest.raises(
        control.exceptions.UnsupportedActionException, match="CreateResource of AWS::SQS::Queue"
    ):
        control.create_resource(TypeName="AWS::SQS::Queue", DesiredState="{}")
    with pytest.raises(control.exceptions.ResourceNotFoundException, match="none"):
        control.get_resource(TypeName="AWS::StepFunctions::StateMachine", Identifier=f"{MACHINE}-none")
