"""The environment that `cdk bootstrap` prepares, as a stack of the same name, parts and outputs.

The logical ids and physical names are those of the CDK CLI's own CDKToolkit stack, so `cdk bootstrap`
run against this cloud updates it in place.
https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
"""

from __future__ import annotations

import json
from typing import Any

STACK = "CDKToolkit"
_QUALIFIER = "hnb659fds"
_VERSION = "21"
"""The oldest that the pinned CDK library's templates accept is lower; a newer bootstrap raises it."""
_NAME = "cdk-" + _QUALIFIER + "-{}-${{AWS::AccountId}}-${{AWS::Region}}"


def template() -> str:
    """The bootstrap stack's template."""
    resources: dict[str, Any] = {
        "StagingBucket": _resource(
            "AWS::S3::Bucket",
            BucketName=_name("assets"),
            VersioningConfiguration={"Status": "Enabled"},
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
        ),
        "ContainerAssetsRepository": _resource(
            "AWS::ECR::Repository",
            RepositoryName=_name("container-assets"),
            ImageTagMutability="IMMUTABLE",
        ),
        "CdkBootstrapVersion": _resource(
            "AWS::SSM::Parameter", Type="String", Name=f"/cdk-bootstrap/{_QUALIFIER}/version", Value=_VERSION
        ),
        "FilePublishingRole": _role("file-publishing-role"),
        "ImagePublishingRole": _role("image-publishing-role"),
        "LookupRole": _role("lookup-role"),
        "DeploymentActionRole": _role("deploy-role"),
        "CloudFormationExecutionRole": _role("cfn-exec-role", service="cloudformation.amazonaws.com"),
    }
    outputs = {
        "BucketName": {"Value": {"Ref": "StagingBucket"}},
        "BucketDomainName": {"Value": {"Fn::GetAtt": ["StagingBucket", "RegionalDomainName"]}},
        "ImageRepositoryName": {"Value": {"Ref": "ContainerAssetsRepository"}},
        "BootstrapVersion": {"Value": _VERSION},
    }
    return json.dumps({"Resources": resources, "Outputs": outputs})


def _resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def _name(part: str) -> dict[str, str]:
    return {"Fn::Sub": _NAME.format(part)}


def _role(part: str, service: str | None = None) -> dict[str, Any]:
    principal = {"Service": service} if service else {"AWS": {"Ref": "AWS::AccountId"}}
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}],
    }
    return _resource(
        "AWS::IAM::Role",
        RoleName=_name(part),
        AssumeRolePolicyDocument=trust,
        ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"],
    )
