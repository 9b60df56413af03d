"""A customer's key asks its own permission of whoever reads or writes what it encrypts."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.account import Account, statement


@pytest.fixture(scope="module")
def key(account: Account) -> str:
    return str(account.client("kms").create_key()["KeyMetadata"]["Arn"])


@pytest.fixture(scope="module")
def someone(account: Account) -> str:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}}
    made = account.client("iam").create_role(
        RoleName="someone",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    return str(made["Role"]["Arn"])


def acting(account: Account, role: str, service: Any) -> Any:
    keys = account.client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=account.cloud.endpoint_url,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value)


def test_objects_under_a_key_need_the_key(account: Account, key: str, someone: str):
    account.client("s3").create_bucket(Bucket="under-key")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    account.client("s3").put_bucket_encryption(
        Bucket="under-key", ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    account.permit(someone, statement("s3:*"))
    s3 = acting(account, someone, "s3")
    thing = {"Bucket": "under-key", "Key": "a"}
    assert f"not authorized to perform: kms:GenerateDataKey on resource: {key}" in refused(
        s3.put_object, **thing, Body=b"1"
    )
    account.permit(someone, statement("s3:*"), statement("kms:GenerateDataKey", resource=key))
    s3.put_object(**thing, Body=b"1")
    assert f"not authorized to perform: kms:Decrypt on resource: {key}" in refused(s3.get_object, **thing)
    reading = statement("kms:Decrypt", resource=key)
    reading["Condition"] = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::under-key/a"}}
    account.permit(someone, statement("s3:*"), reading)
    assert s3.get_object(**thing)["Body"].read() == b"1"


def test_an_object_under_s3s_own_key_needs_no_more_than_s3(account: Account, someone: str):
    account.client("s3").create_bucket(Bucket="own-key")
    account.permit(someone, statement("s3:*"))
    s3 = acting(account, someone, "s3")
    s3.put_object(Bucket="own-key", Key="a", Body=b"1", ServerSideEncryption="aws:kms")
    assert s3.get_object(Bucket="own-key", Key="a")["Body"].read() == b"1"


def test_kms_without_a_key_means_s3s_own_key_and_not_the_buckets(account: Account, key: str):
    """S3 API Reference, `PutObject`, `SSEKMSKeyId`."""
    s3 = account.client("s3")
    s3.create_bucket(Bucket="two-keys")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket="two-keys", ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket="two-keys", Key="named", Body=b"1", ServerSideEncryption="aws:kms")
    s3.put_object(Bucket="two-keys", Key="silent", Body=b"1")
    assert s3.head_object(Bucket="two-keys", Key="named")["SSEKMSKeyId"].endswith(":alias/aws/s3")
    assert s3.head_object(Bucket="two-keys", Key="silent")["SSEKMSKeyId"] == key


def test_a_queue_under_a_key_needs_the_key(account: Account, key: str, someone: str):
    queue = account.client("sqs").create_queue(QueueName="under-key", Attributes={"KmsMasterKeyId": key})[
        "QueueUrl"
    ]
    account.permit(someone, statement("sqs:*"))
    sqs = acting(account, someone, "sqs")
    assert "kms:GenerateDataKey" in refused(sqs.send_message, QueueUrl=queue, MessageBody="x")
    account.permit(someone, statement("sqs:*"), statement("kms:GenerateDataKey", "kms:Decrypt", resource=key))
    sqs.send_message(QueueUrl=queue, MessageBody="x")


def test_the_keys_own_policy_must_allow_it_too(account: Account, someone: str):
    root = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [{**root, "Action": "kms:Describe*"}]}
    closed = account.client("kms").create_key(Policy=json.dumps(policy))["KeyMetadata"]["Arn"]
    account.client("s3").create_bucket(Bucket="closed-key")
    account.permit(someone, statement("s3:*"), statement("kms:*"))
    s3 = acting(account, someone, "s3")
    put = {
        "Bucket": "closed-key",
        "Key": "a",
        "Body": b"1",
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": closed,
    }
    assert "kms:GenerateDataKey" in refused(s3.put_object, **put)


def test_a_jobs_disk_under_a_key_needs_a_grant_by_the_caller_or_the_jobs_role(
    account: Account, key: str, someone: str
):
    worker = account.role("sagemaker.amazonaws.com", statement("s3:*"))
    job: dict[str, Any] = {
        "TrainingJobName": "under-key",
        "RoleArn": worker,
        "AlgorithmSpecification": {
            "TrainingImage": "111122223333.dkr.ecr.us-east-1.amazonaws.com/none:1",
            "TrainingInputMode": "File",
        },
        "OutputDataConfig": {"S3OutputPath": "s3://none/out"},
        "ResourceConfig": {
            "InstanceCount": 1,
            "InstanceType": "ml.m5.large",
            "VolumeSizeInGB": 5,
            "VolumeKmsKeyId": key,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    account.permit(someone, statement("sagemaker:*", "iam:PassRole"))
    sagemaker = acting(account, someone, "sagemaker")
    create = sagemaker.create_training_job
    assert f"not authorized to perform: kms:CreateGrant on resource: {key}" in refused(create, **job)
    granting = statement("kms:CreateGrant", resource=key)
    granting["Condition"] = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    account.permit(worker, granting)
    create(**job)
    account.permit(worker, statement("s3:*"))
    account.permit(someone, statement("sagemaker:*", "iam:PassRole"), granting)
    create(**{**job, "TrainingJobName": "under-key-2"})
