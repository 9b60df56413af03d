"""What `up` does with a cloud assembly: deploy, update, and say clearly what fails."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from localcloud.host.launch import LaunchError, launch

ASSETS = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"


def assembly(directory: Path, resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> Path:
    """A cdk.out with one stack, named `small`."""
    directory.mkdir(exist_ok=True)
    template = json.dumps({"Resources": resources, "Outputs": outputs or {}})
    key = f"{abs(hash(template))}.json"
    (directory / "small.template.json").write_text(template)
    asset = {
        "source": {"path": "small.template.json", "packaging": "file"},
        "destinations": {"here": {"bucketName": ASSETS, "objectKey": key}},
    }
    (directory / "small.assets.json").write_text(json.dumps({"files": {"template": asset}}))
    stack = {
        "type": "aws:cloudformation:stack",
        "dependencies": ["small.assets"],
        "properties": {
            "templateFile": "small.template.json",
            "stackTemplateAssetObjectUrl": f"s3://{ASSETS}/{key}",
        },
    }
    manifest = {"type": "cdk:asset-manifest", "properties": {"file": "small.assets.json"}}
    artifacts = {"small.assets": manifest, "small": stack}
    (directory / "manifest.json").write_text(json.dumps({"version": "55", "artifacts": artifacts}))
    return directory


def queue(**properties: Any) -> dict[str, Any]:
    return {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "one", **properties}}}


URL = {"Url": {"Value": {"Ref": "Queue"}}}


def test_a_changed_template_updates_the_kept_stack_and_the_same_one_changes_nothing(tmp_path: Path):
    state, out = tmp_path / "state", tmp_path / "cdk.out"
    with launch(state, assembly=assembly(out, queue(), URL), project=tmp_path) as cloud:
        url = cloud.outputs["Url"]
        cloud.client("sqs").send_message(QueueUrl=url, MessageBody="kept")
        assert cloud.stop() == 0
    with launch(state, assembly=out, project=tmp_path) as cloud:
        stack = cloud.client("cloudformation").describe_stacks(StackName="small")["Stacks"][0]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        cloud.stop(signal.SIGKILL)
    with launch(state, assembly=assembly(out, queue(VisibilityTimeout=77), URL), project=tmp_path) as cloud:
        sqs, url = cloud.client("sqs"), cloud.outputs["Url"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])[
            "Attributes"
        ]
        assert attributes == {"VisibilityTimeout": "77"}
        assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "kept"


def test_a_resource_that_fails_is_named_with_its_reason(tmp_path: Path):
    role = {
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
    }
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Nowhere"}}}
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            "DefinitionString": json.dumps(definition),
        },
    }
    out = assembly(tmp_path / "cdk.out", {"Role": role, "Broken": machine})
    with pytest.raises(LaunchError) as caught:
        launch(assembly=out, project=tmp_path)
    assert "Stack small is ROLLBACK_COMPLETE" in str(caught.value)
    assert "Broken (AWS::StepFunctions::StateMachine)" in str(caught.value)
    assert "Missing 'Next' target: Nowhere" in str(caught.value)


def test_a_type_that_is_not_offered_is_refused_up_front(tmp_path: Path):
    strange = {"Strange": {"Type": "AWS::GroundStation::Config", "Properties": {}}}
    with pytest.raises(LaunchError, match=r"Unrecognized resource types: \[AWS::GroundStation::Config\]"):
        launch(assembly=assembly(tmp_path / "cdk.out", strange), project=tmp_path)


def test_a_folder_that_is_no_assembly_is_said(tmp_path: Path):
    with pytest.raises(LaunchError, match=r"has no manifest\.json: it is not what `cdk synth` writes"):
        launch(assembly=tmp_path, project=tmp_path)
