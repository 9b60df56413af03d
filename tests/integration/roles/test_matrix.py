"""Each role is tried against everything that the others may, and gets nothing of it that is not its own."""

from __future__ import annotations

import inspect
from fnmatch import fnmatchcase

import pytest

from contracts import settings
from localcloud.host.launch import Running
from tests.integration.roles.conftest import NAMES
from tests.integration.roles.deployed import ACCOUNT, REGION, Role, Try, listed, tries_in

FRONT = {"AcceptLabels", "AuthorizeCaller", "Predict"}
MONITORING = {"JudgeDrift", "JudgeQuality", "PublishMonitoring", "ReadWindow", "StartRetraining"}
STREAM, BATCH = {"AcceptRecords", "CloseHours", "PullSource"}, {"PrepareBatch", "FinishBatch"}
ASKED_FOR = {"RequestApproval", "ScaleFleet"}
# The stage is deployed with none of these, so that no role of theirs exists; tests/infrastructure has them.
FUNCTIONS = {
    name.removesuffix("Settings")
    for name, kind in inspect.getmembers(settings, inspect.isclass)
    if issubclass(kind, settings.Settings) and kind is not settings.Settings
} - (FRONT | MONITORING | STREAM | BATCH | ASKED_FOR)
ALL = {*FUNCTIONS, "Pipeline", "Training", "Serving", "Tracking"}
LEASE_HOLDERS = {"AcquireLease", "DeployModel", "CheckDeployment", "ReturnHome", "ReleaseLease"}
# What no role needs, and what would make any of them more than it is.
ESCALATIONS = (
    "iam:AttachRolePolicy",
    "iam:CreateAccessKey",
    "iam:CreateRole",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "sts:AssumeRole",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "lambda:AddPermission",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "states:UpdateStateMachine",
    "cloudformation:UpdateStack",
    "s3:PutBucketPolicy",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "sns:SetTopicAttributes",
    "sqs:SetQueueAttributes",
    "dynamodb:DeleteTable",
    "ecr:PutImage",
    "logs:DeleteLogGroup",
    "logs:PutRetentionPolicy",
    "cloudwatch:DisableAlarmActions",
    "events:DisableRule",
    "sagemaker:CreatePresignedMlflowAppUrl",
    "sagemaker:InvokeEndpoint",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
)


def granted(role: Role, attempt: Try) -> bool:
    """Whether a statement of the role names the action, the resource and what the request must say."""
    return any(
        attempt.action in listed(s["Action"])
        and any(fnmatchcase(attempt.resource, pattern) for pattern in listed(s["Resource"]))
        and all(
            any(fnmatchcase(str(attempt.context.get(key, "")), str(v)) for v in listed(wanted))
            for keys in s.get("Condition", {}).values()
            for key, wanted in keys.items()
        )
        for s in role.statements
        if s["Effect"] == "Allow"
    )


@pytest.fixture(scope="module")
def everything(roles: dict[str, Role]) -> list[Try]:
    """What any role may do."""
    return [attempt for role in roles.values() for attempt in tries_in(role)]


def test_these_are_all_the_roles(roles: dict[str, Role]):
    assert set(roles) == ALL


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_role_may_do_what_its_own_policies_say(roles: dict[str, Role], name: str):
    attempts = list(tries_in(roles[name]))
    assert attempts
    assert not [str(attempt) for attempt in attempts if not roles[name].may(attempt)]


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_role_is_refused_all_that_only_others_may(roles: dict[str, Role], everything: list[Try], name: str):
    role = roles[name]
    others = [attempt for attempt in everything if not granted(role, attempt)]
    assert len(others) > len(everything) / 2
    assert not [str(attempt) for attempt in others if role.may(attempt)]


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_conditions_value_is_not_to_be_left_out(roles: dict[str, Role], name: str):
    """The same request without what it must say of itself: a key used directly, a role passed elsewhere."""
    role = roles[name]
    for attempt in tries_in(role):
        bare = Try(attempt.action, attempt.resource)
        assert role.may(bare) == granted(role, bare), str(attempt)


@pytest.mark.parametrize("name", sorted(ALL))
@pytest.mark.parametrize("other", ["housing-prod", "wine-dev", "housingx-dev"])
def test_a_role_may_nothing_to_another_pipeline_or_stage(roles: dict[str, Role], name: str, other: str):
    role = roles[name]
    for attempt in tries_in(role):
        if NAMES.prefix in attempt.resource:
            elsewhere = Try(attempt.action, attempt.resource.replace(NAMES.prefix, other), attempt.context)
            assert not role.may(elsewhere), str(elsewhere)


@pytest.mark.parametrize("name", sorted(ALL))
def test_no_role_may_make_itself_or_another_more_than_it_is(roles: dict[str, Role], name: str):
    targets = [
        "*",
        *(role.arn for role in roles.values()),
        *(f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAMES.function(state)}" for state in FUNCTIONS),
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{NAMES.endpoint}",
        f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{NAMES.state_machine}",
    ]
    for action in ESCALATIONS:
        assert not [target for target in targets if roles[name].may(Try(action, target))], action


@pytest.fixture(scope="module")
def holders(roles: dict[str, Role], cloud: Running):
    """Who may do something, every condition met."""
    raw, artifacts = (f"arn:aws:s3:::{cloud.outputs[k]}" for k in ("RawBucketName", "ArtifactBucketName"))
    places = {
        "upload": f"{raw}/incoming/housing.csv",
        "list": f"{artifacts}/parts/l/items.json",
        "part": f"{artifacts}/parts/l/00000/holdout.parquet",
        "train": f"{artifacts}/datasets/v/train/train.parquet",
        "holdout": f"{artifacts}/datasets/v/holdout/holdout.parquet",
        "contract": f"{artifacts}/datasets/v/contract/contract.json",
        "model": f"{artifacts}/training/j/output/model.tar.gz",
        "report": f"{artifacts}/evaluations/j/report.json",
        "capture": f"{artifacts}/capture/housing-dev/AllTraffic/2026/11/22/02/1.jsonl",
        "runs": f"{artifacts}/mlflow/1/r/artifacts/model/MLmodel",
        "endpoint": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{NAMES.endpoint}",
        "model record": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/{NAMES.prefix}-1",
        "job": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{NAMES.prefix}-1",
        "package": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{NAMES.model_package_group}/1",
        "machine": cloud.outputs["StateMachineArn"],
        "child": f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{NAMES.state_machine}/IngestParts:1",
        "lease": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{NAMES.lease_table}",
        "topic": cloud.outputs["AlarmTopicArn"],
        "alarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{NAMES.rollback_alarm_prefix}x",
        "endpoint role": roles["Serving"].arn,
        "training role": roles["Training"].arn,
    }
    context = {"iam:PassedToService": "sagemaker.amazonaws.com", "sagemaker:NetworkIsolation": "true"}

    def who(action: str, place: str) -> set[str]:
        return {name for name, role in roles.items() if role.may(Try(action, places[place], context))}

    return who


@pytest.mark.parametrize(
    ("action", "place", "expected"),
    [
        ("s3:GetObject", "upload", {"IngestData", "ListParts", "IngestPart"}),
        ("s3:PutObject", "upload", set()),
        ("s3:GetObject", "list", {"MergeParts", "Pipeline"}),
        ("s3:GetObject", "part", {"MergeParts"}),
        ("s3:PutObject", "part", {"ListParts", "IngestPart", "MergeParts"}),
        ("s3:PutObject", "train", {"IngestData", "MergeParts"}),
        ("s3:GetObject", "holdout", {"EvaluateModel"}),
        ("s3:GetObject", "train", {"EvaluateModel", "Training"}),
        ("s3:GetObject", "contract", {"EvaluateModel", "Training"}),
        ("s3:PutObject", "model", {"Training"}),
        ("s3:GetObject", "model", {"EvaluateModel", "RegisterModel", "Serving"}),
        ("s3:PutObject", "report", {"EvaluateModel"}),
        ("s3:PutObject", "capture", {"Serving"}),
        ("s3:GetObject", "capture", set()),
        ("s3:PutObject", "runs", {"Tracking", "Training", "EvaluateModel"}),
        ("s3:DeleteObjectVersion", "holdout", {"Teardown"}),
        ("sagemaker:CreateEndpoint", "endpoint", {"DeployModel"}),
        ("sagemaker:UpdateEndpoint", "endpoint", {"DeployModel", "ReturnHome"}),
        ("sagemaker:DeleteEndpoint", "endpoint", {"DeployModel", "RejectChallenger", "Teardown"}),
        ("sagemaker:CreateModel", "model record", {"DeployModel"}),
        ("sagemaker:CreateTrainingJob", "job", {"Pipeline"}),
        ("sagemaker:CreateModelPackage", "package", {"RegisterModel"}),
        ("sagemaker:UpdateModelPackage", "package", {"PromoteChampion", "RejectChallenger"}),
        ("sagemaker:DeleteModelPackage", "package", {"Teardown"}),
        ("states:StartExecution", "machine", {"StartExecution", "Pipeline"}),
        ("states:StopExecution", "child", {"Pipeline"}),
        ("dynamodb:PutItem", "lease", LEASE_HOLDERS),
        ("sns:Publish", "topic", {"Pipeline"}),
        ("cloudwatch:PutMetricAlarm", "alarm", {"DeployModel", "ReturnHome", "RejectChallenger"}),
        ("cloudwatch:SetAlarmState", "alarm", {"ReturnHome", "RejectChallenger", "Teardown"}),
        ("iam:PassRole", "endpoint role", {"DeployModel"}),
        ("iam:PassRole", "training role", {"Pipeline"}),
    ],
)
def test_what_matters_most_is_for_these_alone(holders, action: str, place: str, expected: set[str]):
    assert holders(action, place) == expected
