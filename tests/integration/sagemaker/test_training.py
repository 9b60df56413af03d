import io
import tarfile

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.sagemaker.account import BUCKET, until


def test_a_job_trains_and_leaves_a_model_metrics_and_a_log(account):
    described = account.train("whole", word="hello")
    assert described["TrainingJobStatus"] == "Completed"
    assert [(metric["MetricName"], metric["Value"]) for metric in described["FinalMetricDataList"]] == [
        ("loss", 0.25)
    ]
    data = (
        account.client("s3")
        .get_object(Bucket=BUCKET, Key="training/whole/output/model.tar.gz")["Body"]
        .read()
    )
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert tar.getnames() == ["word"]
    logs = account.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    (stream,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="whole/")["logStreams"]
    found = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])
    assert [event["message"] for event in found["events"]] == ["metric loss=0.25;"]


def test_a_failing_job_gives_the_algorithms_own_reason(account):
    described = account.train("failing", fail="no rows")
    assert described["TrainingJobStatus"] == "Failed"
    assert described["FailureReason"] == "AlgorithmError: no rows, exit code: 1"


@pytest.mark.parametrize(
    ("missing", "actions"),
    [
        ("s3:GetObject", ("s3:ListBucket", "s3:PutObject", "ecr:*")),
        ("s3:PutObject", ("s3:ListBucket", "s3:GetObject", "ecr:*")),
        ("ecr:BatchGetImage", ("s3:*", "ecr:GetAuthorizationToken")),
    ],
)
def test_a_permission_that_the_role_lacks_fails_the_job_and_is_named(account, missing, actions):
    name = missing.replace(":", "-").lower()
    account.role(f"without-{name}", actions)
    described = account.train(f"without-{name}", role=f"without-{name}", word="x")
    assert described["TrainingJobStatus"] == "Failed"
    assert missing in described["FailureReason"]


def test_whoever_starts_a_job_must_be_allowed_to_pass_its_role(account):
    create = {"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}
    sagemaker = boto3.client("sagemaker", **account.user("no-pass-role", [create]))
    with pytest.raises(
        ClientError, match="iam:PassRole on resource: arn:aws:iam::111122223333:role/execution"
    ):
        sagemaker.create_training_job(**account.training_request("not-passed", word="x"))


def test_a_right_on_one_job_is_no_right_on_another(account):
    own = "arn:aws:sagemaker:us-east-1:111122223333:training-job/mine-*"
    describe = {"Effect": "Allow", "Action": "sagemaker:DescribeTrainingJob", "Resource": own}
    sagemaker = boto3.client("sagemaker", **account.user("one-job", [describe]))
    with pytest.raises(ClientError, match="ValidationException"):
        sagemaker.describe_training_job(TrainingJobName="mine-1")
    with pytest.raises(ClientError, match="AccessDenied"):
        sagemaker.describe_training_job(TrainingJobName="other-1")


def _phase(account, name):
    return account.sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"]


def test_a_job_can_be_stopped(account):
    account.sagemaker.create_training_job(**account.training_request("stopped", sleep="60", word="x"))
    until(lambda: _phase(account, "stopped") == "Training" or None)
    account.sagemaker.stop_training_job(TrainingJobName="stopped")
    assert account.trained("stopped")["TrainingJobStatus"] == "Stopped"


def test_a_wrong_field_is_refused_as_on_aws(account):
    request = account.training_request("wrong", word="x")
    request["OutputDataConfig"] = {"S3OutputPath": "not a uri"}
    with pytest.raises(ClientError, match="1 validation error detected: Value 'not a uri'"):
        account.sagemaker.create_training_job(**request)


def test_a_job_joins_a_vpc_only_by_a_role_that_may_make_its_interfaces(account):
    subnet = account.client("ec2").describe_subnets()["Subnets"][0]
    of_its_vpc = [{"Name": "vpc-id", "Values": [subnet["VpcId"]]}]
    group = account.client("ec2").describe_security_groups(Filters=of_its_vpc)["SecurityGroups"][0]
    network = {"Subnets": [subnet["SubnetId"]], "SecurityGroupIds": [group["GroupId"]]}
    account.role("joins", ("s3:*", "ecr:*", "ec2:*"))
    endings = {}
    for role in ("execution", "joins"):
        request = account.training_request(f"inside-by-{role}", role, word="x")
        account.sagemaker.create_training_job(**request, VpcConfig=network)
        endings[role] = account.trained(f"inside-by-{role}")
    assert endings["joins"]["TrainingJobStatus"] == "Completed", endings["joins"].get("FailureReason")
    assert endings["joins"]["VpcConfig"] == network
    assert "ec2:CreateNetworkInterface" in endings["execution"]["FailureReason"]
