"""The package stands alone: its wheel, in an environment of its own, runs a CDK app that is no pipeline."""

import json
import shutil
import subprocess
import sys
import sysconfig
import time
import zipfile
from pathlib import Path

import pytest

import localcloud

PACKAGE = Path(localcloud.__file__).resolve().parent
ASSETS = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
TEMPLATE = {
    "Resources": {
        "Orders": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 77}},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": "sts:AssumeRole",
                            "Principal": {"Service": "states.amazonaws.com"},
                        }
                    ],
                }
            },
        },
        "Greeter": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "DefinitionString": json.dumps(
                    {
                        "QueryLanguage": "JSONata",
                        "StartAt": "Greet",
                        "States": {
                            "Greet": {"Type": "Succeed", "Output": "{% 'hello ' & $states.input.name %}"}
                        },
                    }
                ),
            },
        },
    },
    "Outputs": {"Queue": {"Value": {"Ref": "Orders"}}, "Machine": {"Value": {"Ref": "Greeter"}}},
}
ASKS = """
import json, sys, time
import boto3, localcloud
ready = json.load(open(sys.argv[1]))
environment = ready["environment"]
def client(service):
    return boto3.client(service, endpoint_url=ready["endpoint_url"], region_name=environment["AWS_REGION"],
                        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"])
states, outputs = client("stepfunctions"), ready["outputs"]
started = states.start_execution(stateMachineArn=outputs["Machine"], input='{"name": "you"}')
while (found := states.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
    time.sleep(0.05)
queue = client("sqs").get_queue_attributes(QueueUrl=outputs["Queue"], AttributeNames=["VisibilityTimeout"])
print(json.dumps([localcloud.__file__, found["output"], queue["Attributes"]["VisibilityTimeout"]]))
"""


def foreign_app(folder: Path) -> Path:
    """A cdk.out with one stack, as `cdk synth` of some other app leaves it."""
    folder.mkdir()
    (folder / "shop.template.json").write_text(json.dumps(TEMPLATE))
    asset = {
        "source": {"path": "shop.template.json", "packaging": "file"},
        "destinations": {"here": {"bucketName": ASSETS, "objectKey": "shop.json"}},
    }
    (folder / "shop.assets.json").write_text(json.dumps({"files": {"template": asset}}))
    artifacts = {
        "shop.assets": {"type": "cdk:asset-manifest", "properties": {"file": "shop.assets.json"}},
        "shop": {
            "type": "aws:cloudformation:stack",
            "dependencies": ["shop.assets"],
            "properties": {
                "templateFile": "shop.template.json",
                "stackTemplateAssetObjectUrl": f"s3://{ASSETS}/shop.json",
            },
        },
    }
    (folder / "manifest.json").write_text(json.dumps({"version": "55", "artifacts": artifacts}))
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's wheel, built without any network from a copy of its folder."""
    folder = tmp_path_factory.mktemp("wheel")
    ignored = ("*.pyc", "__pycache__", "tests")
    shutil.copytree(PACKAGE, folder / "localcloud", ignore=shutil.ignore_patterns(*ignored))
    build = "from setuptools import build_meta; print(build_meta.build_wheel('..'))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", build],
        cwd=folder / "localcloud",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with the wheel; it finds the dependencies in this one."""
    venv = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    packages = next(venv.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv / "bin/python"


def test_every_room_is_in_the_wheel_and_no_test_is(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if name.endswith(".py")}
    rooms = {str(path.relative_to(PACKAGE.parent)) for path in PACKAGE.rglob("*.py")}
    assert names == {name for name in rooms if not name.startswith("localcloud/tests/")}


def test_the_shim_for_docker_is_in_the_wheel(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        assert "localcloud/images/docker" in archive.namelist()


def test_it_runs_an_app_that_is_no_pipeline(python: Path, tmp_path: Path):
    ready = tmp_path / "ready.json"
    up = ["up", "--port", "0", "--assembly", str(foreign_app(tmp_path / "cdk.out")), "--until-stdin-closes"]
    with subprocess.Popen(
        [str(python), "-m", "localcloud", *up, "--ready-file", str(ready)],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as cloud:
        while not ready.exists() and cloud.poll() is None:
            time.sleep(0.05)
        assert cloud.poll() is None, cloud.communicate()[1]
        asked = subprocess.run(
            [str(python), "-c", ASKS, str(ready)], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        said = cloud.communicate()[1]
    assert asked.returncode == 0, asked.stderr + said
    where, greeting, visibility = json.loads(asked.stdout)
    assert Path(where).is_relative_to(python.parents[1])
    assert (greeting, visibility) == ('"hello you"', "77")
    assert cloud.returncode == 0
    assert not ready.exists()
