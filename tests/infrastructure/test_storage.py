from __future__ import annotations

import pytest

from infra_cdk.stages import DEV, PROD
from tests.infrastructure.template import Synthesised, listed, resources_of, text


def key_arn(template: Synthesised) -> dict[str, list[str]]:
    name, _ = template.the("AWS::KMS::Key")
    return {"Fn::GetAtt": [name, "Arn"]}


def test_no_bucket_can_be_made_public(template):
    for bucket in template.properties("AWS::S3::Bucket"):
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_an_overwritten_object_can_be_had_back_for_a_while(template):
    for bucket in template.properties("AWS::S3::Bucket"):
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        kept = [r.get("NoncurrentVersionExpiration") for r in bucket["LifecycleConfiguration"]["Rules"]]
        assert {"NoncurrentDays": template.stage.old_version_days} in kept


def test_an_abandoned_multipart_upload_does_not_cost_money_for_ever(template):
    for bucket in template.properties("AWS::S3::Bucket"):
        assert any("AbortIncompleteMultipartUpload" in r for r in bucket["LifecycleConfiguration"]["Rules"])


def test_everything_at_rest_is_encrypted_with_the_pipelines_own_key(template):
    key = key_arn(template)
    for bucket in template.properties("AWS::S3::Bucket"):
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    for kind, where in (
        ("AWS::SQS::Queue", "KmsMasterKeyId"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
    ):
        assert [p.get(where) for p in template.properties(kind)] == [key] * len(template.properties(kind))
    for table in template.properties("AWS::DynamoDB::Table"):
        assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}


def test_the_key_rotates(template):
    assert template.the("AWS::KMS::Key")[1]["EnableKeyRotation"] is True


def test_nobody_reads_data_with_the_key_but_through_a_service_or_for_this_account(template):
    statements = template.the("AWS::KMS::Key")[1]["KeyPolicy"]["Statement"]
    for statement in statements:
        reads = {"kms:Decrypt", "kms:*"} & set(listed(statement["Action"]))
        bounds = {key for test in statement.get("Condition", {}).values() for key in test}
        of_one_role = "Fn::GetAtt" in statement["Principal"].get("AWS", {})
        assert (
            not reads
            or of_one_role
            or bounds & {"kms:ViaService", "aws:SourceAccount", "kms:EncryptionContext:aws:logs:arn"}
        ), statement["Sid"]


def test_the_key_admits_every_log_group_that_is_encrypted_with_it(template):
    (statement,) = [
        s
        for s in template.the("AWS::KMS::Key")[1]["KeyPolicy"]["Statement"]
        if s["Sid"] == "LogGroupsOfThisPipeline"
    ]
    patterns = [text(arn) for arn in statement["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]]
    for group in template.properties("AWS::Logs::LogGroup"):
        name = group["LogGroupName"]
        stems = [pattern.split(":log-group:")[1] for pattern in patterns]
        assert any(name == stem or (stem.endswith("*") and name.startswith(stem[:-1])) for stem in stems), (
            name
        )


@pytest.mark.parametrize("place", ["models/*", "datasets/*/train/*", "datasets/*/holdout/*"])
def test_what_models_are_served_from_trained_on_and_judged_on_is_written_once(template, place):
    statements = [
        s
        for policy in template.properties("AWS::S3::BucketPolicy")
        for s in policy["PolicyDocument"]["Statement"]
        if any(text(resource).endswith(f"/{place}") for resource in listed(s["Resource"]))
        and "s3:if-none-match" in s["Condition"].get("Null", {})
    ]
    (refusing,) = statements
    assert (refusing["Effect"], refusing["Principal"]) == ("Deny", {"AWS": "*"})
    assert refusing["Condition"] == {
        "Null": {"s3:if-none-match": "true"},
        # What only begins a multipart upload, or sends a part, carries no such header.
        "Bool": {"s3:ObjectCreationOperation": "true"},
    }


HEADER = "s3:x-amz-server-side-encryption"


@pytest.mark.parametrize(
    "given",
    [
        {HEADER: "false"},
        {f"{HEADER}-aws-kms-key-id": "false"},
        {HEADER: "false", f"{HEADER}-aws-kms-key-id": "true"},
        {f"{HEADER}-customer-algorithm": "false"},
    ],
)
def test_an_upload_cannot_bring_an_encryption_of_its_own(template, given):
    for policy in template.properties("AWS::S3::BucketPolicy"):
        (refusing,) = [
            s for s in policy["PolicyDocument"]["Statement"] if s["Condition"].get("Null") == given
        ]
        assert (refusing["Effect"], refusing["Principal"]) == ("Deny", {"AWS": "*"})
        assert refusing["Action"] == "s3:PutObject"


def test_the_key_policy_names_each_action(template):
    for statement in template.the("AWS::KMS::Key")[1]["KeyPolicy"]["Statement"]:
        for action in listed(statement["Action"]):
            assert "*" not in action
            # Only what makes this key known by a name may be created; a grant is the services' own.
            assert not action.startswith("kms:Create") or action in ("kms:CreateAlias", "kms:CreateGrant")


@pytest.mark.parametrize(
    ("kind", "policy"),
    [
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy"),
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy"),
    ],
)
def test_a_request_without_tls_is_refused(template, kind, policy):
    refusing = [
        s
        for document in template.properties(policy)
        for s in document["PolicyDocument"]["Statement"]
        if s["Effect"] == "Deny" and s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ]
    covered = {resource.strip("<>").split(".")[0] for s in refusing for resource in resources_of(s)}
    assert set(template.of_type(kind)) <= covered


def test_no_policy_of_a_resource_lets_strangers_in(template):
    for kind in ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"):
        for document in template.properties(kind):
            for s in document["PolicyDocument"]["Statement"]:
                assert s["Effect"] == "Deny" or s["Principal"] != {"AWS": "*"}
                assert s["Effect"] == "Deny" or "Condition" in s


def test_dev_leaves_nothing_behind_and_prod_keeps_its_data(dev, prod):
    for template, policy in ((dev, "Delete"), (prod, "RetainExceptOnCreate")):
        for kind in ("AWS::S3::Bucket", "AWS::KMS::Key"):
            assert {r["DeletionPolicy"] for r in template.of_type(kind).values()} == {policy}


def test_a_first_deployment_that_failed_can_be_cleared_away(build, config):
    """The CDK CLI would protect the stack before its change set runs; `make deploy` does it afterwards."""
    assert not build(config, PROD).termination_protection
    assert not build(config, DEV).termination_protection


def test_every_log_goes_away_some_day(template):
    for group in template.properties("AWS::Logs::LogGroup"):
        assert group["RetentionInDays"] > 0


def test_a_lost_lease_table_can_be_restored(template):
    _, table = template.the("AWS::DynamoDB::Table")
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_archives_that_may_be_served_have_one_writer_and_are_written_once(template):
    register = template.role_of(template.function("RegisterModel"))
    statements = [
        s
        for policy in template.properties("AWS::S3::BucketPolicy")
        for s in policy["PolicyDocument"]["Statement"]
        if resources_of(s) and all(resource.endswith("/models/*") for resource in resources_of(s))
    ]
    assert {s["Effect"] for s in statements} == {"Deny"}
    assert {s["Action"] for s in statements} == {"s3:PutObject"}
    one_writer, written_once = (s["Condition"] for s in statements)
    assert text(one_writer["ArnNotEquals"]["aws:PrincipalArn"]) == f"<{register}.Arn>"
    assert written_once["Null"] == {"s3:if-none-match": "true"}
    writers = {
        role
        for role in template.of_type("AWS::IAM::Role")
        if any(
            template.allows(role, "s3:PutObject", resource.replace("*", "abc/model.tar.gz"))
            for s in statements
            for resource in resources_of(s)
        )
    }
    assert writers == {register}
