"""What a template says once what is known is filled in: IAM's simulator takes ARNs alone."""

from typing import Any

import pytest

from operations.doctor.template import Template

RESOURCES: dict[str, Any] = {
    "Key": {"Type": "AWS::KMS::Key", "Properties": {}},
    "Role": {"Type": "AWS::IAM::Role", "Properties": {}},
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "tells"}},
    "Group": {
        "Type": "AWS::SageMaker::ModelPackageGroup",
        "Properties": {"ModelPackageGroupName": {"Fn::Join": ["-", ["models", {"Ref": "AWS::Region"}]]}},
    },
    "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/x"}},
    "Other": {"Type": "AWS::EC2::Subnet", "Properties": {}},
}
TEMPLATE = Template({"Resources": RESOURCES}, "111122223333", "eu-west-1")


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ({"Fn::GetAtt": ["Key", "Arn"]}, "arn:aws:kms:eu-west-1:111122223333:key/Key"),
        ({"Fn::GetAtt": ["Role", "Arn"]}, "arn:aws:iam::111122223333:role/Role"),
        (
            {"Fn::GetAtt": ["Group", "ModelPackageGroupArn"]},
            "arn:aws:sagemaker:eu-west-1:111122223333:model-package-group/models-eu-west-1",
        ),
        ({"Fn::GetAtt": ["Logs", "Arn"]}, "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/x:*"),
        ({"Ref": "Topic"}, "arn:aws:sns:eu-west-1:111122223333:tells"),
        ({"Fn::GetAtt": ["Topic", "TopicName"]}, "<Topic.TopicName>"),
        ({"Ref": "Other"}, "<Other>"),
    ],
)
def test_a_reference_is_filled_with_what_it_will_be(value: Any, filled: str):
    assert TEMPLATE.filled(value) == filled


def test_a_roles_statements_name_resources_by_arn():
    statement = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": {"Fn::GetAtt": ["Key", "Arn"]}}
    properties = {"PolicyDocument": {"Statement": [statement]}, "Roles": [{"Ref": "Role"}]}
    policy = {"Type": "AWS::IAM::Policy", "Properties": properties}
    template = Template({"Resources": {**RESOURCES, "Policy": policy}}, "111122223333", "eu-west-1")
    assert template.policies()["Role"][0]["Resource"] == "arn:aws:kms:eu-west-1:111122223333:key/Key"
