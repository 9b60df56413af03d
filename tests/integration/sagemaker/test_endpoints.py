import json

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.sagemaker.account import BUCKET, IMAGE, until


@pytest.fixture(scope="module")
def served(account):
    """An endpoint `steady` that nothing is deployed to, and its prediction."""
    word = account.config("steady", "steady")
    account.sagemaker.create_endpoint(EndpointName="Steady", EndpointConfigName="steady")
    assert account.settle("Steady")["EndpointStatus"] == "InService"
    return word


def test_an_endpoint_answers_with_its_model(account, served):
    answer = account.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="Steady", Body=b"1,2", ContentType="text/csv"
    )
    assert answer["Body"].read().decode() == served
    assert (answer["InvokedProductionVariant"], answer["ContentType"]) == ("AllTraffic", "text/csv")


def test_what_runs_is_described_with_the_digest_of_its_image(account, served):
    (variant,) = account.sagemaker.describe_endpoint(EndpointName="Steady")["ProductionVariants"]
    (image,) = variant["DeployedImages"]
    assert image["SpecifiedImage"] == IMAGE
    assert "@sha256:" in image["ResolvedImage"]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (2, 1.0)


def test_a_containers_error_is_a_model_error(account, served):
    with pytest.raises(ClientError) as caught:
        account.ask("Steady", b"fail")
    assert dict(caught.value.response)["OriginalStatusCode"] == 500
    assert caught.value.response["Error"]["Code"] == "ModelError"


def test_only_who_may_invoke_this_endpoint_may(account, served):
    arn = "arn:aws:sagemaker:us-east-1:111122223333:endpoint/other"
    other = {"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": arn}
    runtime = boto3.client("sagemaker-runtime", **account.user("other-endpoint", [other]))
    own = "arn:aws:sagemaker:us-east-1:111122223333:endpoint/steady"
    with pytest.raises(ClientError, match=f"perform: sagemaker:InvokeEndpoint on resource: {own}"):
        runtime.invoke_endpoint(EndpointName="Steady", Body=b"1,2")


def test_requests_are_captured_in_s3(account, served):
    account.ask("Steady", b"7,8")
    s3 = account.client("s3")

    def look():
        listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="capture/Steady/AllTraffic/").get("Contents", [])
        bodies = [s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read().decode() for item in listed]
        return next((line for line in "".join(bodies).splitlines() if '"7,8"' in line), None)

    line = json.loads(until(look))
    assert line["captureData"]["endpointOutput"]["data"] == served


def test_a_crashed_instance_is_replaced_while_the_others_answer(account, served):
    account.faults.put({"crash_share": 1.0}, endpoint_config="steady")
    with pytest.raises(ClientError):
        account.ask("Steady")
    account.faults.clear()
    assert account.ask("Steady") == served
    until(lambda: _instances(account) == 2 or None)
    assert account.ask("Steady") == served


def _instances(account):
    (variant,) = account.sagemaker.describe_endpoint(EndpointName="Steady")["ProductionVariants"]
    return variant["CurrentInstanceCount"]


def test_what_instances_use_is_a_metric(account, served):
    cloudwatch = account.client("cloudwatch")

    def look():
        found = cloudwatch.list_metrics(
            Namespace="/aws/sagemaker/Endpoints",
            MetricName="CPUUtilization",
            Dimensions=[{"Name": "EndpointName", "Value": "Steady"}],
        )
        return found["Metrics"] or None

    (metric,) = until(look)
    assert {item["Name"]: item["Value"] for item in metric["Dimensions"]} == {
        "EndpointName": "Steady",
        "VariantName": "AllTraffic",
    }


def test_a_model_that_its_role_may_not_read_fails_the_endpoint(account, served):
    account.role("no-data")
    account.config("no-data", "x", role="no-data")
    blind = {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}
    account.client("iam").put_role_policy(
        RoleName="no-data", PolicyName="rights", PolicyDocument=json.dumps({"Statement": [blind]})
    )
    account.sagemaker.create_endpoint(EndpointName="no-data", EndpointConfigName="no-data")
    described = account.settle("no-data")
    assert described["EndpointStatus"] == "Failed"
    assert "s3:GetObject" in described["FailureReason"]
    account.sagemaker.delete_endpoint(EndpointName="no-data")


def test_a_model_can_be_made_of_a_registered_package(account, served):
    sagemaker = account.sagemaker
    uri = sagemaker.describe_model(ModelName="steady")["PrimaryContainer"]["ModelDataUrl"]
    sagemaker.create_model_package_group(ModelPackageGroupName="registered")
    arn = sagemaker.create_model_package(
        ModelPackageGroupName="registered",
        InferenceSpecification={
            "Containers": [{"Image": IMAGE, "ModelDataUrl": uri}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    role = "arn:aws:iam::111122223333:role/execution"
    sagemaker.create_model(
        ModelName="registered", ExecutionRoleArn=role, PrimaryContainer={"ModelPackageName": arn}
    )
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "registered",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    sagemaker.create_endpoint_config(EndpointConfigName="registered", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="registered", EndpointConfigName="registered")
    assert account.settle("registered")["EndpointStatus"] == "InService"
    assert account.ask("registered") == served
    sagemaker.delete_endpoint(EndpointName="registered")


def test_weights_and_capacities_change_in_place(account, served):
    account.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="Steady",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}],
    )
    assert account.settle("Steady")["ProductionVariants"][0]["CurrentInstanceCount"] == 3


def test_a_config_in_use_stays_and_an_endpoint_can_go(account):
    account.config("leaving", "bye", instances=1)
    account.sagemaker.create_endpoint(EndpointName="leaving", EndpointConfigName="leaving")
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        account.sagemaker.delete_endpoint(EndpointName="leaving")
    account.settle("leaving")
    with pytest.raises(ClientError, match='used by endpoint "leaving"'):
        account.sagemaker.delete_endpoint_config(EndpointConfigName="leaving")
    account.sagemaker.delete_endpoint(EndpointName="leaving")
    waiter = account.sagemaker.get_waiter("endpoint_deleted")
    waiter.wait(EndpointName="leaving", WaiterConfig={"Delay": 0})
    account.sagemaker.delete_endpoint_config(EndpointConfigName="leaving")
    with pytest.raises(ClientError, match="Endpoint leaving of account 111122223333 not found"):
        account.ask("leaving")


def model(account, name, role="execution", data=f"s3://{BUCKET}/data/a.csv", **container):
    account.sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=role if role.startswith("arn") else f"arn:aws:iam::111122223333:role/{role}",
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": data, **container},
    )


def test_a_model_is_refused_whose_role_image_or_data_are_not_there(account):
    def refused(message, **changes):
        with pytest.raises(ClientError, match=message) as caught:
            model(account, "refused", **changes)
        assert caught.value.response["Error"]["Code"] == "ValidationException"

    lambdas = account.role("trusts-lambda", service="lambda.amazonaws.com")
    refused("Could not assume role", role=lambdas)
    refused("Could not assume role", role="not-there")
    refused('non-ECR image "python:3.12" without Vpc', Image="python:3.12")
    refused("Requested image .*/tiny:2 not found", Image=IMAGE.replace(":1", ":2"))
    refused("Requested image .*/other:1 not found", Image=IMAGE.replace("tiny", "other"))
    refused("Could not find model data at s3://sagemaker-tests/nothing", data=f"s3://{BUCKET}/nothing")
    refused("Could not access model data", role=account.role("blind", ("ecr:*",)))
    model(account, "accepted")
    account.sagemaker.delete_model(ModelName="accepted")


def test_an_update_keeps_counts_and_weights_when_it_is_told_to(account):
    account.config("kept", "kept", instances=1)
    account.sagemaker.create_endpoint(EndpointName="Kept", EndpointConfigName="kept")
    account.settle("Kept")
    account.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="Kept",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}],
    )
    account.settle("Kept")
    account.sagemaker.update_endpoint(
        EndpointName="Kept", EndpointConfigName="kept", RetainAllVariantProperties=True
    )
    (variant,) = account.settle("Kept")["ProductionVariants"]
    assert variant["DesiredInstanceCount"] == 2
    account.sagemaker.update_endpoint(EndpointName="Kept", EndpointConfigName="kept")
    (variant,) = account.settle("Kept")["ProductionVariants"]
    assert variant["DesiredInstanceCount"] == 1
    account.sagemaker.delete_endpoint(EndpointName="Kept")
