"""A stage with all that pipeline.toml can switch on: it deploys, promotes, is asked in every way, and goes.

What each part does has its own tests; here they meet in one stack, and destroying it leaves nothing of any.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from localcloud.host.launch import launch
from tests.chaos import datasets
from tests.chaos.cloud import NAMES, ChaosCloud
from tests.chaos.project import copied

pytestmark = pytest.mark.long

SPEED = 60.0
PATIENCE_SECONDS = 600.0
STAGE = """[deployment.dev]
approval = "required"
four_eyes = true
"""
MORE = """
[monitoring]
stages = ["dev"]

[stream]
stages = ["dev"]
source = "kinesis"
event_id = "event_id"
event_time = "event_time"

[front]
stages = ["dev"]
auth = "iam"

[batch]
stages = ["dev"]
instance_type = "ml.m5.large"

[scaling]
stages = ["dev"]
min_instances = 1
max_instances = 4
max_p99_ms = 100.0

[[sources]]
name = "theirs"
stages = ["dev"]
uri = "s3://another-teams-bucket/theirs.csv"
every_hours = 24

[[feature_groups]]
name = "things"
stages = ["dev"]
entity = "thing"
features = ["first", "kind"]

[feature_groups.aggregates]
seen_1h = 'count("1h")'
"""


def until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaosCloud]:
    project = copied(tmp_path_factory.mktemp("everything") / "project")
    config = project / "pipeline.toml"
    text = config.read_text()
    assert "[deployment.dev]\n" in text
    config.write_text(text.replace("[deployment.dev]\n", STAGE) + MORE)
    with launch(project=project, speed=SPEED) as running:
        yield ChaosCloud(running)


def approved_by_another(cloud: ChaosCloud) -> None:
    """The administrator uploads, and so a user has to approve."""
    iam = cloud.client("iam")
    iam.create_user(UserName="alice")
    allowed = {"Effect": "Allow", "Action": "sagemaker:UpdateModelPackage", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="alice", PolicyName="approve", PolicyDocument=document)
    key = iam.create_access_key(UserName="alice")["AccessKey"]
    alice = cloud.running.client(
        "sagemaker", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
    )
    arn = until(cloud.packages, "a package")[0]["ModelPackageArn"]
    alice.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")


def left(cloud: ChaosCloud) -> dict[str, list[str]]:
    """What is still there of the stage, by kind."""

    def named(service: str, operation: str, path: str, key: str = "") -> list[str]:
        found = getattr(cloud.client(service), operation)()[path]
        names = [str(item[key]) if key else str(item) for item in found]
        return sorted(name for name in names if NAMES.prefix in name)

    listed = {
        "feature groups": named(
            "sagemaker", "list_feature_groups", "FeatureGroupSummaries", "FeatureGroupName"
        ),
        "endpoints": named("sagemaker", "list_endpoints", "Endpoints", "EndpointName"),
        "configs": named("sagemaker", "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
        "models": named("sagemaker", "list_models", "Models", "ModelName"),
        "streams": named("kinesis", "list_streams", "StreamNames"),
        "schedules": named("scheduler", "list_schedules", "Schedules", "Name"),
        "rules": named("events", "list_rules", "Rules", "Name"),
        "tables": named("dynamodb", "list_tables", "TableNames"),
        "functions": named("lambda", "list_functions", "Functions", "FunctionName"),
        "mappings": named("lambda", "list_event_source_mappings", "EventSourceMappings", "EventSourceArn"),
        "state machines": named("stepfunctions", "list_state_machines", "stateMachines", "name"),
        "trails": named("cloudtrail", "describe_trails", "trailList", "Name"),
        "APIs": named("apigateway", "get_rest_apis", "items", "name"),
        "buckets": named("s3", "list_buckets", "Buckets", "Name"),
        "alarms": named("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        "roles": named("iam", "list_roles", "Roles", "RoleName"),
        "topics": named("sns", "list_topics", "Topics", "TopicArn"),
        "logs": named("logs", "describe_log_groups", "logGroups", "logGroupName"),
        "queues": sorted(cloud.client("sqs").list_queues().get("QueueUrls", [])),
        "scaled": [
            item["ResourceId"]
            for item in cloud.client("application-autoscaling").describe_scalable_targets(
                ServiceNamespace="sagemaker"
            )["ScalableTargets"]
        ],
    }
    return {kind: names for kind, names in listed.items() if names}


def test_everything_is_deployed_used_and_taken_away(cloud: ChaosCloud) -> None:
    upload = cloud.upload("first", datasets.good(1))
    approved_by_another(cloud)
    ending = cloud.wait(upload, PATIENCE_SECONDS)
    assert ending is not None
    assert ending.outcome == "Promoted", ending.cause

    event = {"event_id": "1", "event_time": time.time(), "thing": "a", "first": 1.0, "second": 0.25}
    data = json.dumps({**event, "kind": "right", "y": 1.0}).encode()
    stream = cloud.outputs["StreamName"]
    cloud.client("kinesis").put_record(StreamName=stream, PartitionKey="a", Data=data)
    (group,) = left(cloud)["feature groups"]
    store = cloud.client("sagemaker-featurestore-runtime")
    until(
        lambda: store.get_record(FeatureGroupName=group, RecordIdentifierValueAsString="a").get("Record"),
        "the event to be known of its entity",
    )
    assert left(cloud)["scaled"] == [f"endpoint/{NAMES.endpoint}/variant/AllTraffic"]
    cloud.client("s3").put_object(
        Bucket=cloud.outputs["RawBucketName"], Key="batch/rows.csv", Body=b"first,second,kind\n1,0.25,right\n"
    )
    machines = cloud.client("stepfunctions").list_state_machines()["stateMachines"]
    batch = next(machine["stateMachineArn"] for machine in machines if "batch" in machine["name"])
    states = cloud.client("stepfunctions")
    (run,) = until(lambda: states.list_executions(stateMachineArn=batch)["executions"], "a batch")
    until(
        lambda: states.describe_execution(executionArn=run["executionArn"])["status"] == "SUCCEEDED",
        "the batch to be answered",
    )

    formation = cloud.client("cloudformation")
    formation.delete_stack(StackName=NAMES.prefix)

    def is_deleted() -> bool:
        found = formation.list_stacks()["StackSummaries"]
        stack = next(item for item in found if item["StackName"] == NAMES.prefix)
        assert stack["StackStatus"] != "DELETE_FAILED", stack.get("StackStatusReason")
        return str(stack["StackStatus"]) == "DELETE_COMPLETE"

    until(is_deleted, "the stack to be deleted")
    assert left(cloud) == {}
