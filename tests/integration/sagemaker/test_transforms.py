"""Batch transform in the embedded cloud, by boto3 alone."""

import pytest
from botocore.exceptions import ClientError

from tests.integration.sagemaker.account import BUCKET, until

ROWS = b"".join(b"r%d,%d,%d\n" % (n, n, 2 * n) for n in range(10))


@pytest.fixture(scope="module")
def model(account):
    account.config("summing", "summing")
    s3 = account.client("s3")
    s3.put_object(Bucket=BUCKET, Key="batch/in/rows.csv", Body=ROWS)
    s3.put_object(Bucket=BUCKET, Key="batch/in/deep/more.csv", Body=b"x,1,1\n")
    return "summing"


def request(name, model, *, uri=f"s3://{BUCKET}/batch/in/rows.csv", **changed):
    source = {"S3DataType": "S3Prefix", "S3Uri": uri}
    return {
        "TransformJobName": name,
        "ModelName": model,
        "BatchStrategy": "MultiRecord",
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": f"s3://{BUCKET}/batch/out/{name}",
            "Accept": "text/csv",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
        **changed,
    }


def ended(account, name):
    def look():
        found = account.sagemaker.describe_transform_job(TransformJobName=name)
        return None if found["TransformJobStatus"] in ("InProgress", "Stopping") else found

    return until(look)


def output(account, name, key="rows.csv.out"):
    found = account.client("s3").get_object(Bucket=BUCKET, Key=f"batch/out/{name}/{key}")
    return found["Body"].read().decode()


def test_rows_are_answered_in_order_and_joined_with_what_the_model_did_not_get(account, model):
    account.sagemaker.create_transform_job(**request("joined", model))
    found = ended(account, "joined")
    assert found["TransformJobStatus"] == "Completed", found.get("FailureReason")
    assert output(account, "joined") == "".join(f"r{n},{3 * n} of 10\n" for n in range(10))
    assert found["TransformEndTime"] >= found["TransformStartTime"] >= found["CreationTime"]
    (summary,) = account.sagemaker.list_transform_jobs(NameContains="joined")["TransformJobSummaries"]
    assert summary["TransformJobStatus"] == "Completed"


def test_a_single_record_is_a_request_of_its_own_and_every_object_has_its_output(account, model):
    wanted = request("single", model, uri=f"s3://{BUCKET}/batch/in/", BatchStrategy="SingleRecord")
    account.sagemaker.create_transform_job(**wanted)
    assert ended(account, "single")["TransformJobStatus"] == "Completed"
    assert output(account, "single").splitlines()[3] == "r3,9 of 1"
    assert output(account, "single", "deep/more.csv.out") == "x,2 of 1\n"


@pytest.mark.parametrize(("word", "kind"), [("bad", "ClientError"), ("fail", "AlgorithmError")])
def test_an_object_that_the_model_refuses_fails_the_job_and_the_others_are_written(
    account, model, word, kind
):
    s3, name = account.client("s3"), f"refused-{word}"
    s3.put_object(Bucket=BUCKET, Key=f"batch/{word}/a.csv", Body=b"1,1\n")
    s3.put_object(Bucket=BUCKET, Key=f"batch/{word}/b.csv", Body=f"1,{word}\n".encode())
    account.sagemaker.create_transform_job(**request(name, model, uri=f"s3://{BUCKET}/batch/{word}/"))
    found = ended(account, name)
    assert found["TransformJobStatus"] == "Failed"
    assert found["FailureReason"] == f"{kind}: See job logs for more information"
    assert output(account, name, "a.csv.out") == "1,1 of 1\n"
    with pytest.raises(ClientError, match="NoSuchKey"):
        output(account, name, "b.csv.out")


def test_what_is_not_embedded_and_what_sagemaker_refuses_is_said(account, model):
    create = account.sagemaker.create_transform_job
    two = {"InstanceType": "ml.m5.large", "InstanceCount": 2}
    with pytest.raises(ClientError, match="set InstanceCount to 1"):
        create(**request("two", model, TransformResources=two))
    with pytest.raises(ClientError, match="must not exceed 100 MB"):
        create(**request("large", model, MaxPayloadInMB=60, MaxConcurrentTransforms=2))
    with pytest.raises(ClientError, match=r"OutputFilter '\$\.\.x'"):
        create(**request("path", model, DataProcessing={"JoinSource": "Input", "OutputFilter": "$..x"}))
    with pytest.raises(ClientError, match=r'Could not find model "arn:aws:sagemaker:.*model/nobody'):
        create(**request("model", "nobody"))
    with pytest.raises(ClientError, match="ResourceNotFound"):
        account.sagemaker.describe_transform_job(TransformJobName="never")


def test_a_job_of_a_name_that_was_is_refused_and_one_that_ended_is_not_stopped(account, model):
    account.sagemaker.create_transform_job(**request("twice", model))
    ended(account, "twice")
    with pytest.raises(ClientError, match="Job name must be unique"):
        account.sagemaker.create_transform_job(**request("twice", model))
    with pytest.raises(ClientError, match="is in status Completed"):
        account.sagemaker.stop_transform_job(TransformJobName="twice")


def test_a_job_that_is_stopped_writes_nothing(account, model):
    account.sagemaker.create_transform_job(**request("stopped", model))
    account.sagemaker.stop_transform_job(TransformJobName="stopped")
    assert ended(account, "stopped")["TransformJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="NoSuchKey"):
        output(account, "stopped")
