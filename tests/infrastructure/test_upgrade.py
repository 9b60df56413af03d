"""A deployed stack survives its next deployment: what holds state keeps its logical id, or CloudFormation
would make a new one beside it and delete the old (CloudFormation User Guide, "Update behaviors")."""

from __future__ import annotations

from tests.infrastructure.template import text

STATEFUL = {
    "EncryptionKey3A692D6E": "AWS::KMS::Key",
    "EncryptionKeyAlias1DF1C985": "AWS::KMS::Alias",
    "IntakeDeadLettersA15864BB": "AWS::SQS::Queue",
    "IntakeUploadsF437874E": "AWS::SQS::Queue",
    "LeaseTableLeases2BAEA19F": "AWS::DynamoDB::Table",
    "NotificationsAlarms3ED26F66": "AWS::SNS::Topic",
    "RegistryGroupF9A457C4": "AWS::SageMaker::ModelPackageGroup",
    "StorageArtifacts08431D1F": "AWS::S3::Bucket",
    "StorageRaw7E344C76": "AWS::S3::Bucket",
    "TrackingApp1B347ABC": "AWS::SageMaker::MlflowApp",
}
# What CloudFormation replaces when it changes (User Guide, each resource's "Update requires: Replacement").
REPLACED_BY = {
    "AWS::DynamoDB::Table": ("TableName", "KeySchema"),
    "AWS::S3::Bucket": ("BucketName",),
    "AWS::SNS::Topic": ("TopicName", "FifoTopic"),
    "AWS::SQS::Queue": ("QueueName", "FifoQueue"),
    "AWS::SageMaker::MlflowApp": ("Name",),
    "AWS::SageMaker::ModelPackageGroup": ("ModelPackageGroupName",),
}
PINNED = {
    "IntakeDeadLettersA15864BB": {"QueueName": "housing-dev-dead-letters"},
    "IntakeUploadsF437874E": {"QueueName": "housing-dev-uploads"},
    "LeaseTableLeases2BAEA19F": {
        "TableName": "housing-dev-leases",
        "KeySchema": [{"AttributeName": "endpoint_name", "KeyType": "HASH"}],
    },
    "NotificationsAlarms3ED26F66": {"TopicName": "housing-dev-alarms"},
    "RegistryGroupF9A457C4": {"ModelPackageGroupName": "housing-dev-models"},
    "StorageArtifacts08431D1F": {"BucketName": "housing-dev-artifacts-<AWS::AccountId>-<AWS::Region>"},
    "StorageRaw7E344C76": {"BucketName": "housing-dev-raw-<AWS::AccountId>-<AWS::Region>"},
    "TrackingApp1B347ABC": {"Name": "housing-dev-mlflow"},
}


def test_whatever_holds_state_keeps_its_logical_id_in_every_stage(template):
    kinds = set(STATEFUL.values())
    found = {name: r["Type"] for name, r in template.resources.items() if r["Type"] in kinds}
    assert found == STATEFUL


def test_whatever_holds_state_keeps_the_properties_whose_change_replaces_it(dev):
    found = {
        name: {
            key: text(resource["Properties"][key])
            for key in REPLACED_BY[resource["Type"]]
            if key in resource["Properties"]
        }
        for name, resource in dev.resources.items()
        if resource["Type"] in REPLACED_BY
    }
    assert found == PINNED


def test_what_deletes_or_remembers_more_than_itself_keeps_its_logical_id(template):
    """A teardown of another id would be created beside the old one, whose deletion after the update takes the
    endpoint, its models and, in dev, the buckets' content with it; a machine of another id loses its
    executions."""
    found = {r["Type"]: name for name, r in template.resources.items() if r["Type"].startswith("Custom::")}
    assert found == {"Custom::Teardown": "Teardown0042FE15"}
    assert template.resources["PipelineStateMachine1814BD05"]["Type"] == "AWS::StepFunctions::StateMachine"


def test_the_teardowns_function_is_never_another_one(dev):
    """CloudFormation refuses another ServiceToken for a custom resource (User Guide, "Custom resources")."""
    token = dev.resources["Teardown0042FE15"]["Properties"]["ServiceToken"]
    assert token == {"Fn::GetAtt": ["TeardownFunction1CB53DB1", "Arn"]}
