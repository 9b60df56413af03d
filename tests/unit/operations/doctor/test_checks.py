"""Each line of the preflight is red, or yellow, once, for the one thing that it is there to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.names import Names
from contracts.network import Network
from contracts.pipeline_config import FILE_NAME, PipelineConfig
from operations.doctor import checks
from operations.doctor.account import Account
from operations.doctor.checks import Examination, examine
from operations.doctor.findings import Finding, Level, worst
from operations.doctor.template import Template
from tests.unit.operations.doctor.fake_account import ACCOUNT, REGION, ZONES, FakeSession, absent, refused

ROOT = Path(__file__).parents[4]
DOCUMENT: dict[str, Any] = {
    "Resources": {
        "Raw": {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": "Delete",
            "Properties": {"BucketName": {"Fn::Join": ["-", ["housing-dev-raw", {"Ref": "AWS::AccountId"}]]}},
        },
        "Log": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": "/aws/lambda/housing-dev-IngestData"},
        },
        "Door": {
            "Type": "AWS::EC2::VPCEndpoint",
            "Properties": {
                "VpcEndpointType": "Interface",
                "ServiceName": {"Fn::Sub": "aws.sagemaker.${AWS::Region}.mlflow"},
            },
        },
        "Policy": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "Roles": [{"Ref": "IngestRole"}],
                "PolicyDocument": {
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": ["s3:PutObject"],
                            "Resource": {"Fn::Join": ["", [{"Fn::GetAtt": ["Raw", "Arn"]}, "/datasets/*"]]},
                            "Condition": {"StringEquals": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}},
                        }
                    ]
                },
            },
        },
    }
}


@pytest.fixture(scope="module")
def config() -> PipelineConfig:
    return PipelineConfig.load(ROOT / FILE_NAME)


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


def examination(session: FakeSession, config: PipelineConfig, **changes: Any) -> Examination:
    defaults: dict[str, Any] = {
        "config": config,
        "names": Names("housing", "dev"),
        "template": Template(DOCUMENT, ACCOUNT, REGION),
        "account": Account(session),
        "find_program": lambda name: f"/usr/bin/{name}",
        "succeeds": lambda command: True,
    }
    return Examination(**defaults | changes)


def findings(session: FakeSession, config: PipelineConfig, **changes: Any) -> dict[str, Finding]:
    found = list(examine(examination(session, config, **changes)))
    return {finding.check: finding for finding in sorted(found, key=lambda f: list(Level).index(f.level))}


def test_an_account_that_has_everything_is_green(session, config):
    found = list(examine(examination(session, config)))
    assert worst(found) is Level.GREEN, [f for f in found if f.level is not Level.GREEN]
    assert len({f.check for f in found}) == len(checks.CHECKS) + 1


def without(service: str, **operations: Callable[..., Any]) -> Callable[[FakeSession], None]:
    return lambda session: session.services[service].update(operations)


def stack(status: str, *, protected: bool = False) -> Callable[..., Any]:
    return lambda StackName: {"Stacks": [{"StackStatus": status, "EnableTerminationProtection": protected}]}


def decided(action: str, decision: str, *, by_organization: bool) -> Callable[[FakeSession], None]:
    return lambda session: session.decisions.update({action: (decision, by_organization)})


@pytest.mark.parametrize(
    ("check", "level", "words", "harm"),
    [
        ("bootstrap", "red", "no bootstrap stack", without("ssm", get_parameter=absent("ParameterNotFound"))),
        (
            "bootstrap",
            "red",
            "version 5 is older than 6",
            without("ssm", get_parameter=lambda Name: {"Parameter": {"Value": "5"}}),
        ),
        (
            "stack",
            "red",
            "UPDATE_ROLLBACK_FAILED",
            without("cloudformation", describe_stacks=stack("UPDATE_ROLLBACK_FAILED")),
        ),
        (
            "stack",
            "yellow",
            "UPDATE_IN_PROGRESS",
            without("cloudformation", describe_stacks=stack("UPDATE_IN_PROGRESS")),
        ),
        (
            "stack",
            "red",
            "can't be replaced",
            without("cloudformation", describe_stacks=stack("ROLLBACK_COMPLETE", protected=True)),
        ),
        ("names", "red", "Bucket housing-dev-raw-111122223333", without("s3", head_bucket=lambda Bucket: {})),
        (
            "names",
            "red",
            "LogGroup /aws/lambda/housing-dev-IngestData",
            without(
                "logs",
                describe_log_groups=lambda logGroupNamePrefix: {
                    "logGroups": [{"logGroupName": logGroupNamePrefix}]
                },
            ),
        ),
        (
            "endpoint instances",
            "red",
            "4 needed with blue and green, 0 of 0 free",
            lambda s: s.quotas.clear(),
        ),
        ("training instances", "red", "0 allowed", lambda s: s.quotas.clear()),
        (
            "functions at once",
            "yellow",
            "10 allowed",
            without("lambda", get_account_settings=lambda: {"AccountLimit": {"ConcurrentExecutions": 10}}),
        ),
        (
            "instance types",
            "red",
            "is not offered in us-east-1",
            without("ec2", describe_instance_type_offerings=lambda **_: {"InstanceTypeOfferings": []}),
        ),
        (
            "public access",
            "yellow",
            "not for the account",
            without("s3control", get_public_access_block=absent("NoSuchPublicAccessBlockConfiguration")),
        ),
        (
            "mlflow",
            "yellow",
            "older than the client",
            without(
                "sagemaker",
                list_mlflow_apps=lambda: {
                    "Summaries": [{"Name": "housing-dev-mlflow", "MlflowVersion": "3.0"}]
                },
            ),
        ),
        (
            "mlflow",
            "yellow",
            "not there yet",
            without("sagemaker", list_mlflow_apps=lambda: {"Summaries": []}),
        ),
        (
            "deployer",
            "red",
            "your policies don't allow sts:AssumeRole",
            decided("sts:AssumeRole", "implicitDeny", by_organization=True),
        ),
        (
            "permissions",
            "red",
            "the organisation forbids s3:PutObject",
            decided("s3:PutObject", "explicitDeny", by_organization=False),
        ),
        (
            "permissions",
            "yellow",
            "refuses s3:PutObject",
            decided("s3:PutObject", "implicitDeny", by_organization=True),
        ),
    ],
)
def test_what_is_wrong_is_seen_and_the_way_on_is_told(session, config, check, level, words, harm):
    harm(session)
    found = findings(session, config)[check]
    assert (found.level, words in found.says) == (level, True), found
    assert found.way_on


def test_without_credentials_nothing_else_is_asked(session, config):
    session.services["sts"]["get_caller_identity"] = absent("ExpiredToken")
    found = list(examine(examination(session, config)))
    assert [(f.check, f.level) for f in found] == [("identity", "red")]


def test_what_may_not_be_asked_is_told_and_stops_nothing(session, config):
    session.services["service-quotas"].clear()
    found = findings(session, config)
    assert found["endpoint quota"].level == "yellow"
    assert "not authorized to perform list_service_quotas" in found["endpoint quota"].says
    assert found["permissions"].level == "green"


def test_the_fleet_that_serves_is_the_blue_one_of_the_next_update(session, config):
    """Two of four instances are taken, by this very endpoint: there is room for the green fleet."""
    session.quotas["ml.t2.medium for endpoint usage"] = 4.0
    session.services["sagemaker"] |= {
        "list_endpoints": lambda: {"Endpoints": [{"EndpointName": "housing-dev"}]},
        "describe_endpoint": lambda EndpointName: {
            "EndpointConfigName": "c",
            "ProductionVariants": [{"VariantName": "AllTraffic", "CurrentInstanceCount": 2}],
        },
        "describe_endpoint_config": lambda EndpointConfigName: {
            "ProductionVariants": [{"VariantName": "AllTraffic", "InstanceType": "ml.t2.medium"}]
        },
    }
    assert findings(session, config)["endpoint instances"].level == "green"
    session.quotas["ml.t2.medium for endpoint usage"] = 3.0
    assert findings(session, config)["endpoint instances"].level == "red"
    rolling = replace(config.deployments["dev"], strategy="rolling")
    by_batches = replace(config, deployments={**config.deployments, "dev": rolling})
    found = findings(session, by_batches)["endpoint instances"]
    assert (found.level, found.says) == ("green", "ml.t2.medium: 3 needed with blue and green, 3 of 3 free")


def test_a_zone_without_a_service_is_told(session, config):
    chosen = replace(config, network=Network(vpc_stages=("dev",), zones=(ZONES[0], "us-east-1e")))
    found = findings(session, chosen)["network"]
    assert found.level == "red"
    assert found.says == "aws.sagemaker.us-east-1.mlflow is not offered in us-east-1e"


def test_a_service_that_a_region_lacks_is_told(session, config):
    session.services["ec2"]["describe_vpc_endpoint_services"] = absent("InvalidServiceName")
    found = findings(session, replace(config, network=Network(vpc_stages=("dev",))))["network"]
    assert found.says == "aws.sagemaker.us-east-1.mlflow is not offered in us-east-1a, us-east-1b"


def test_images_need_something_that_builds_them(session, config):
    missing = findings(session, config, find_program=lambda _: None)["containers"]
    assert (missing.level, missing.says) == ("red", "neither docker nor podman is installed")
    silent = findings(session, config, succeeds=lambda command: False)["containers"]
    assert (silent.level, silent.says) == ("red", "docker does not answer")


def test_a_deployed_stage_that_keeps_data_and_is_not_protected_is_told(session, config):
    kept = {"Resources": {"Raw": DOCUMENT["Resources"]["Raw"] | {"DeletionPolicy": "RetainExceptOnCreate"}}}
    session.services["cloudformation"]["describe_stacks"] = stack("UPDATE_COMPLETE")
    found = findings(session, config, template=Template(kept, ACCOUNT, REGION))["stack"]
    assert (found.level, found.says) == ("yellow", "housing-dev keeps data and is not protected")


def test_a_role_is_simulated_with_its_own_statements_resources_and_conditions(session, config):
    findings(session, config)
    (asked,) = [call for call in session.simulated if "PolicyInputList" in call]
    assert asked["ActionNames"] == ["s3:PutObject"]
    assert asked["ResourceArns"] == ["arn:aws:s3:::housing-dev-raw-111122223333/datasets/x"]
    assert asked["ContextEntries"] == [
        {"ContextKeyName": "aws:ResourceAccount", "ContextKeyValues": [ACCOUNT], "ContextKeyType": "string"}
    ]


def test_a_session_is_simulated_as_its_role(session, config):
    findings(session, config)
    (asked,) = [call for call in session.simulated if "PolicySourceArn" in call]
    assert asked["PolicySourceArn"] == f"arn:aws:iam::{ACCOUNT}:role/Admin"


def test_a_refusal_that_is_no_absence_is_not_taken_for_one(session, config):
    def forbidden(**_: Any) -> Any:
        raise refused("403", "Forbidden")

    session.services["s3"]["head_bucket"] = forbidden
    found = findings(session, config)["names"]
    assert (found.level, "could not be asked" in found.says) == ("yellow", True)
