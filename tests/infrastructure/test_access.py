"""Least privilege, both ways: nothing that the code calls is missing, nothing else is granted."""

from __future__ import annotations

import json

import pytest

from contracts.documents import monitoring
from contracts.names import folder_of
from infra_cdk import permissions
from tests.infrastructure.machine import Machine
from tests.infrastructure.template import Synthesised, listed, resources_of, text

# What comes with a call, or with running at all, and so appears in no code of ours.
ALWAYS = {"xray:PutTelemetryRecords", "xray:PutTraceSegments", "logs:CreateLogStream", "logs:PutLogEvents"}
COMES_WITH = {
    # A missing key is a 404 only for who may list (S3 API Reference, `GetObject`).
    "s3:GetObject": {"s3:ListBucket", "kms:Decrypt"},
    "s3:PutObject": {"kms:GenerateDataKey", "kms:Decrypt"},
    "s3:DeleteObjectVersion": {"s3:DeleteObject"},
    "dynamodb:GetItem": {"kms:Decrypt"},
    "sns:Publish": {"kms:Decrypt", "kms:GenerateDataKey"},
    "sqs:SendMessage": {"kms:Decrypt", "kms:GenerateDataKey"},
    "sagemaker:CreateModel": {"iam:PassRole", "sagemaker:AddTags"},
    "sagemaker:CreateEndpointConfig": {"sagemaker:AddTags"},
    "sagemaker:CreateEndpoint": {"kms:CreateGrant"},
    # What is done to the endpoint and its alarms is done in the caller's name.
    "application-autoscaling:DeregisterScalableTarget": {"cloudwatch:DeleteAlarms"},
    "application-autoscaling:RegisterScalableTarget": {
        "sagemaker:UpdateEndpointWeightsAndCapacities",
        "iam:CreateServiceLinkedRole",
    },
    # SageMaker reads the rollback alarms for the caller (Developer Guide, "Auto-Rollback Configuration").
    "sagemaker:UpdateEndpoint": {"kms:CreateGrant", "cloudwatch:DescribeAlarms"},
}
# The event source mapping polls in the starter's name.
POLLS = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "kms:Decrypt"}
# Log delivery and tracing, as the Step Functions Developer Guide lists them.
MACHINE_ALWAYS = {
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
# parliament is older than MLflow apps, and takes ListExecutions' alternative, a map run, for required.
MISJUDGED = {"sagemaker:CallMlflowAppApi", "states:DescribeExecution", "states:ListExecutions"}
STATES = (
    "StartExecution",
    "CheckPreconditions",
    "CheckStanding",
    "CheckUploads",
    "IngestData",
    "ListParts",
    "IngestPart",
    "MergeParts",
    "EvaluateModel",
    "RegisterModel",
    "AcquireLease",
    "FindPreviousChampion",
    "DeployModel",
    "CheckDeployment",
    "ReturnHome",
    "PromoteChampion",
    "RejectChallenger",
    "ReleaseLease",
    "Teardown",
)
MONITORED = tuple(monitoring.STATES)  # of prod alone, in the shipped pipeline.toml


def role_of(template: Synthesised, state: str) -> str:
    return template.role_of(template.function(state))


def with_company(actions: set[str]) -> set[str]:
    return actions | {extra for action in actions for extra in COMES_WITH.get(action, ())}


@pytest.fixture(scope="module")
def machine(dev: Synthesised) -> Machine:
    return Machine(dev.pipeline["DefinitionString"])


def test_these_are_all_the_functions(template):
    names = {p["FunctionName"] for p in template.properties("AWS::Lambda::Function")}
    watched = MONITORED if template.stage.name == "prod" else ()
    assert names == {template.names.function(state) for state in (*STATES, *watched)}


@pytest.mark.parametrize("state", STATES)
def test_a_function_may_do_what_its_handler_calls(dev, code, state):
    called = code.actions(f"lambdas.{folder_of(state)}.handler.handler")
    assert not called - dev.actions(role_of(dev, state))


@pytest.mark.parametrize("state", STATES)
def test_a_function_may_do_nothing_that_its_handler_never_calls(dev, code, state):
    called = code.actions(f"lambdas.{folder_of(state)}.handler.handler")
    expected = with_company(called) | ALWAYS | (POLLS if state == "StartExecution" else set())
    assert not dev.actions(role_of(dev, state)) - expected


def test_the_state_machine_may_do_what_its_tasks_call_and_no_more(template, machine):
    properties = template.pipeline
    granted = template.actions(template.role_of(properties))
    assert not machine.actions() - granted
    assert not granted - with_company(machine.actions()) - MACHINE_ALWAYS


def test_the_state_machine_may_invoke_each_of_its_functions(template, machine):
    properties = template.pipeline
    role, arns = template.role_of(properties), properties["DefinitionSubstitutions"]
    for name, task in machine.tasks().items():
        if "lambda:invoke" in task["Resource"]:
            assert template.allows(role, "lambda:InvokeFunction", text(arns[f"{name}Arn"]))


def test_a_distributed_map_starts_and_stops_the_state_machines_own_children_and_no_others(template, machine):
    properties = template.pipeline
    role, name = template.role_of(properties), template.names.state_machine
    arn = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>"
    assert template.allows(role, "states:StartExecution", f"{arn}:stateMachine:{name}")
    for label in {state["Label"] for state in machine.distributed_maps().values()}:
        for action in ("DescribeExecution", "StopExecution", "RedriveExecution"):
            assert template.allows(role, f"states:{action}", f"{arn}:execution:{name}/{label}:child")
    for action in ("StartExecution", "DescribeExecution", "StopExecution", "RedriveExecution"):
        for other in (f"stateMachine:{name}-2", f"execution:{name}-2:child", f"execution:{name}-2/x:child"):
            assert not template.allows(role, f"states:{action}", f"{arn}:{other}")


def test_of_the_data_the_state_machine_reads_the_list_of_parts_alone(template):
    properties = template.pipeline
    role = template.role_of(properties)
    bucket = text(template.document["Outputs"]["ArtifactBucketName"]["Value"]).strip("<>")
    assert template.allows(role, "s3:GetObject", f"<{bucket}.Arn>/parts/abc123/items.json")
    for hidden in ("parts/abc123/00000/train.parquet", "datasets/abc123/train/train.parquet"):
        assert not template.allows(role, "s3:GetObject", f"<{bucket}.Arn>/{hidden}")


def test_no_two_principals_share_a_role(template):
    functions = [template.role_of(p) for p in template.properties("AWS::Lambda::Function")]
    others = [
        template.role_of(properties)
        for kind in ("AWS::StepFunctions::StateMachine", "AWS::SageMaker::MlflowApp")
        for properties in template.properties(kind)
    ]
    schedules = template.properties("AWS::Scheduler::Schedule")
    others += [text(schedule["Target"]["RoleArn"]).strip("<>").split(".")[0] for schedule in schedules]
    substitutions = template.pipeline["DefinitionSubstitutions"]
    training = text(substitutions["TrainingRoleArn"]).strip("<>").split(".")[0]
    endpoint = template.function("DeployModel")["Environment"]["Variables"]["ENDPOINT_ROLE_ARN"]
    used = [*functions, *others, training, text(endpoint).strip("<>").split(".")[0]]
    assert len(used) == len(set(used))
    assert set(used) == set(template.of_type("AWS::IAM::Role"))


def test_a_role_is_assumed_by_one_service_and_on_behalf_of_this_account(template):
    for name, role in template.of_type("AWS::IAM::Role").items():
        (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        (service,) = trust["Principal"].values()
        # The Lambda Developer Guide knows no such condition for a function's role.
        if service != "lambda.amazonaws.com":
            account = {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
            assert trust["Condition"]["StringEquals"] == account, name
            source = text(trust["Condition"]["ArnLike"]["aws:SourceArn"])
            assert source.startswith("arn:<AWS::Partition>:"), name
            assert ":<AWS::Region>:<AWS::AccountId>:" in source, name


def test_the_state_machine_and_its_jobs_are_named_by_the_roles_that_trust_for_them(template):
    machine = template.pipeline
    job_role = text(machine["DefinitionSubstitutions"]["TrainingRoleArn"]).strip("<>").split(".")[0]
    for role, source in (
        (template.role_of(machine), f":stateMachine:{template.names.state_machine}"),
        (job_role, f":training-job/{template.names.prefix}-*"),
    ):
        (trust,) = template.resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert text(trust["Condition"]["ArnLike"]["aws:SourceArn"]).endswith(source)


def test_no_role_brings_a_managed_policy(template):
    for role in template.properties("AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in role


def test_a_role_is_passed_to_sagemaker_alone_and_is_one_of_the_stacks(template):
    for policy in template.properties("AWS::IAM::Policy"):
        for s in policy["PolicyDocument"]["Statement"]:
            if "iam:PassRole" in listed(s["Action"]):
                assert s["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
                roles = {resource.strip("<>").split(".")[0] for resource in resources_of(s)}
                assert roles <= set(template.of_type("AWS::IAM::Role"))


def test_no_action_is_a_wildcard_and_a_bare_star_is_for_actions_that_name_no_resource(template):
    nameless = MACHINE_ALWAYS | {
        "cloudwatch:GetMetricStatistics",
        "cloudwatch:PutMetricData",
        "ecr:GetAuthorizationToken",
        "sagemaker:ListEndpointConfigs",
        "sagemaker:ListModels",
        "sagemaker:ListTrainingJobs",
        "sagemaker:ListTransformJobs",
    }
    for policy in template.properties("AWS::IAM::Policy"):
        for s in policy["PolicyDocument"]["Statement"]:
            assert not any("*" in action for action in listed(s["Action"]))
            assert "*" not in resources_of(s) or set(listed(s["Action"])) <= nameless


def test_the_key_is_used_only_through_the_service_that_stores_the_data(template):
    """A grant is for an AWS service's resource instead: a disk is not encrypted through any service."""
    for policy in template.properties("AWS::IAM::Policy"):
        for s in policy["PolicyDocument"]["Statement"]:
            if listed(s["Action"]) == ["kms:CreateGrant"]:
                assert s["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
            elif any(action.startswith("kms:") for action in listed(s["Action"])):
                assert "kms:ViaService" in s["Condition"]["StringEquals"]


def test_only_jobs_and_the_endpoint_use_the_key_without_a_service_between(template):
    substitutions = template.pipeline["DefinitionSubstitutions"]
    environment = template.function("DeployModel")["Environment"]["Variables"]
    roles = {text(substitutions["TrainingRoleArn"]), text(environment["ENDPOINT_ROLE_ARN"])}
    direct = [
        s
        for s in template.the("AWS::KMS::Key")[1]["KeyPolicy"]["Statement"]
        if s["Effect"] == "Allow" and "Condition" not in s and "kms:Decrypt" in listed(s["Action"])
    ]
    principals = {text(arn) for s in direct for arn in listed(s["Principal"]["AWS"])}
    assert principals == roles
    assert all(
        set(listed(s["Action"])) == {"kms:DescribeKey", "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"}
        for s in direct
    )


def test_the_gate_reads_the_champion_from_where_it_is_kept(template):
    bucket = text(template.document["Outputs"]["ArtifactBucketName"]["Value"]).strip("<>")
    role = role_of(template, "EvaluateModel")
    for kept in (
        "models/0123/model.tar.gz",
        "training/job/output/model.tar.gz",
        "evaluations/job/trained_on.sketch",
    ):
        assert template.allows(role, "s3:GetObject", f"<{bucket}.Arn>/{kept}")


def test_training_never_sees_the_holdout_or_the_rows_set_aside(template):
    substitutions = template.pipeline["DefinitionSubstitutions"]
    role = text(substitutions["TrainingRoleArn"]).strip("<>").split(".")[0]
    bucket = text(template.document["Outputs"]["ArtifactBucketName"]["Value"]).strip("<>")
    datasets = f"<{bucket}.Arn>/datasets/abc123"
    assert template.allows(role, "s3:GetObject", f"{datasets}/train/train.parquet")
    assert template.allows(role, "s3:GetObject", f"{datasets}/contract/contract.json")
    for hidden in ("holdout/holdout.parquet", "quarantine/quarantine.parquet", "profile.json"):
        assert not template.allows(role, "s3:GetObject", f"{datasets}/{hidden}")


def test_nobody_but_ingestion_reads_an_upload_and_only_the_teardown_deletes_data(template):
    raw = text(template.document["Outputs"]["RawBucketName"]["Value"]).strip("<>")
    readers = {
        role
        for role in template.of_type("AWS::IAM::Role")
        if template.allows(role, "s3:GetObject", f"<{raw}.Arn>/incoming/housing.csv")
    }
    assert readers == {role_of(template, state) for state in ("IngestData", "ListParts", "IngestPart")}
    deleters = {
        r for r in template.of_type("AWS::IAM::Role") if "s3:DeleteObjectVersion" in template.actions(r)
    }
    assert deleters == (set() if template.stage.retains_data else {role_of(template, "Teardown")})


def test_a_policy_linter_finds_nothing(template, recwarn):
    """parliament knows which resources and conditions an action takes."""
    import parliament  # its import warns, so it stays here

    recwarn.clear()
    for policy in template.properties("AWS::IAM::Policy"):
        for s in policy["PolicyDocument"]["Statement"]:
            actions = [action for action in listed(s["Action"]) if action not in MISJUDGED]
            if not actions:
                continue
            statement = {**concrete(s, template), "Action": actions}
            document = {"Version": "2012-10-17", "Statement": [statement]}
            findings = parliament.analyze_policy_string(json.dumps(document)).findings
            assert not [f"{f.issue}: {f.detail} {f.location}" for f in findings], s


def concrete(value, template: Synthesised):
    """The statement as it might be deployed: references replaced by plausible values."""
    shown = text(value)
    if isinstance(shown, str):
        return plausible(shown, template)
    if isinstance(value, dict):
        return {key: concrete(part, template) for key, part in value.items()}
    return [concrete(part, template) for part in value] if isinstance(value, list) else value


ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::bucket",
    "AWS::KMS::Key": "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555",
    "AWS::SQS::Queue": "arn:aws:sqs:us-east-1:111122223333:queue",
    "AWS::SNS::Topic": "arn:aws:sns:us-east-1:111122223333:topic",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:us-east-1:111122223333:table/leases",
    "AWS::IAM::Role": "arn:aws:iam::111122223333:role/role",
    "AWS::Lambda::Function": "arn:aws:lambda:us-east-1:111122223333:function:function",
    "AWS::Logs::LogGroup": "arn:aws:logs:us-east-1:111122223333:log-group:group:*",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:us-east-1:111122223333:stateMachine:machine",
    "AWS::SageMaker::ModelPackageGroup": "arn:aws:sagemaker:us-east-1:111122223333:model-package-group/group",
    "AWS::SageMaker::MlflowApp": "arn:aws:sagemaker:us-east-1:111122223333:mlflow-app/app-1",
}


def plausible(shown: str, template: Synthesised) -> str:
    for name, resource in template.resources.items():
        for reference in (f"<{name}.ModelPackageGroupArn>", f"<{name}.Arn>", f"<{name}>"):
            if reference in shown:
                shown = shown.replace(reference, ARNS[resource["Type"]])
    for pseudo, value in {"Partition": "aws", "Region": "us-east-1", "AccountId": "111122223333"}.items():
        shown = shown.replace(f"<AWS::{pseudo}>", value).replace(f"${{AWS::{pseudo}}}", value)
    return shown


def test_the_page_of_permissions_is_that_of_the_template(dev):
    """After a change: python -m infra_cdk.permissions cdk.out/STACK.template.json --write."""
    assert permissions.PAGE.read_text(encoding="utf-8") == permissions.render(dev.document)


def test_the_page_says_what_is_denied_and_under_a_condition(dev):
    page = permissions.render(dev.document)
    assert "| TrainingRole" not in page  # a role is called as what it is for
    row = next(line for line in page.splitlines() if "`sagemaker:CreateModel`" in line)
    assert row.endswith("| * |")
    never = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": {"Fn::GetAtt": ["RawABCDEF01", "Arn"]}}
    role = {"Type": "AWS::IAM::Role", "Properties": {}}
    policy = {"Roles": [{"Ref": "JobRole12345678"}], "PolicyDocument": {"Statement": [never]}}
    resources = {"JobRole12345678": role, "P": {"Type": "AWS::IAM::Policy", "Properties": policy}}
    assert permissions.render({"Resources": resources}).endswith(
        "| Job | never `s3:PutObject` | `<Raw>` |  |\n"
    )
