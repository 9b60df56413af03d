"""Application Auto Scaling in the embedded cloud, by boto3 alone: a fleet follows its traffic, with IAM."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.sagemaker.account import until

TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/elastic/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TRACKING = {
    "TargetValue": 15.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    "ScaleInCooldown": 60,
    "ScaleOutCooldown": 60,
}


@pytest.fixture(scope="module")
def word(account):
    said = account.config("elastic", "elastic", instances=2)
    account.sagemaker.create_endpoint(EndpointName="elastic", EndpointConfigName="elastic")
    account.settle("elastic")
    return said


@pytest.fixture
def scaling(account, word):
    client = account.client("application-autoscaling")
    client.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=3)
    yield client
    client.deregister_scalable_target(**TARGET)
    left = account.client("cloudwatch").describe_alarms(AlarmNamePrefix="TargetTracking-")
    assert left["MetricAlarms"] == []


def counts(account):
    found = account.sagemaker.describe_endpoint(EndpointName="elastic")
    (variant,) = found["ProductionVariants"]
    return found["EndpointStatus"], variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]


def test_a_fleet_grows_under_load_and_shrinks_after_it_and_no_request_is_lost(account, scaling, word):
    scaling.put_scaling_policy(
        **TARGET,
        PolicyName="invocations",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
    )
    load = account.load("elastic", 100, 25)
    until(lambda: counts(account) == ("InService", 3, 3) or None)
    sent, answers = load.result()
    assert answers == {word: sent}
    quiet = account.load("elastic", 1, 40)
    until(lambda: counts(account) == ("InService", 1, 1) or None)
    sent, answers = quiet.result()
    assert answers == {word: sent}
    activities = scaling.describe_scaling_activities(ServiceNamespace="sagemaker")["ScalingActivities"]
    assert {activity["StatusCode"] for activity in activities} == {"Successful"}
    assert any("AlarmLow" in activity["Cause"] for activity in activities)


def test_an_alarm_of_one_s_own_makes_steps(account, scaling, word):
    policy = scaling.put_scaling_policy(
        **TARGET,
        PolicyName="steps",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ExactCapacity",
            "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 3}],
        },
    )
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="by-hand",
        Namespace="Mine",
        MetricName="Depth",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=10.0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[policy["PolicyARN"]],
    )
    described = scaling.describe_scaling_policies(ServiceNamespace="sagemaker", PolicyNames=["steps"])
    assert described["ScalingPolicies"][0]["Alarms"][0]["AlarmName"] == "by-hand"

    def grown():
        cloudwatch.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": "Depth", "Value": 50.0}])
        return counts(account) == ("InService", 3, 3) or None

    until(grown)
    cloudwatch.delete_alarms(AlarmNames=["by-hand"])


def test_a_scalable_target_gets_no_other_instance_type(account, scaling, word):
    (variant,) = account.sagemaker.describe_endpoint_config(EndpointConfigName="elastic")[
        "ProductionVariants"
    ]
    account.sagemaker.create_endpoint_config(
        EndpointConfigName="larger", ProductionVariants=[{**variant, "InstanceType": "ml.c5.large"}]
    )
    account.settle("elastic")
    with pytest.raises(ClientError, match="must be deregistered as scalable targets"):
        account.sagemaker.update_endpoint(EndpointName="elastic", EndpointConfigName="larger")


def test_who_may_not_is_refused_and_who_may_needs_the_endpoint_too(account, word):
    target = "arn:aws:application-autoscaling:us-east-1:111122223333:scalable-target/*"
    condition = {"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}}
    registering = {
        "Effect": "Allow",
        "Action": ["application-autoscaling:RegisterScalableTarget"],
        "Resource": target,
        "Condition": condition,
    }
    nothing = boto3.client(
        "application-autoscaling", **account.user("nobody", [{**registering, "Effect": "Deny"}])
    )
    half = boto3.client("application-autoscaling", **account.user("registrar", [registering]))
    for client, missing in ((nothing, "RegisterScalableTarget"), (half, "sagemaker:DescribeEndpoint")):
        with pytest.raises(ClientError, match=missing) as refused:
            client.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=2)
        assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    with pytest.raises(ClientError, match="DescribeScalableTargets"):
        half.describe_scalable_targets(ServiceNamespace="sagemaker")
