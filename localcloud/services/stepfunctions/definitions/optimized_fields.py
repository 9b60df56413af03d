"""The fields that each optimised integration takes: fewer than the service's own API has.

A field that is not listed is refused when the state machine is created, and where the arguments are made by
an expression, when the task is started. The lists are those of the pages connect-lambda, connect-sns,
connect-sqs, connect-ddb, connect-eventbridge, connect-stepfunctions and connect-sagemaker of the Step
Functions developer guide; for createTrainingJob also the two that CDK's own task writes
(EnableNetworkIsolation, Environment), and for createTransformJob ModelClientConfig, which it writes too, and
DataProcessing, which a deployed state machine was shown to pass on (aws/aws-cdk#13547).
"""

from __future__ import annotations

from collections.abc import Mapping

_WRITES = (
    "ConditionalOperator ConditionExpression Expected ExpressionAttributeNames ExpressionAttributeValues"
    " ReturnConsumedCapacity ReturnItemCollectionMetrics ReturnValues TableName"
)

FIELDS: Mapping[tuple[str, str], frozenset[str]] = {
    key: frozenset(names.split())
    for key, names in {
        ("lambda", "invoke"): "ClientContext FunctionName InvocationType Payload Qualifier",
        ("sns", "publish"): (
            "Message MessageAttributes MessageDeduplicationId MessageGroupId MessageStructure PhoneNumber"
            " Subject TargetArn TopicArn"
        ),
        ("sqs", "sendMessage"): (
            "DelaySeconds MessageAttributes MessageBody MessageDeduplicationId MessageGroupId QueueUrl"
        ),
        ("dynamodb", "getItem"): (
            "AttributesToGet ConsistentRead ExpressionAttributeNames Key ProjectionExpression"
            " ReturnConsumedCapacity TableName"
        ),
        ("dynamodb", "putItem"): f"Item {_WRITES}",
        ("dynamodb", "deleteItem"): f"Key {_WRITES}",
        ("dynamodb", "updateItem"): f"AttributeUpdates Key UpdateExpression {_WRITES}",
        ("events", "putEvents"): "Entries",
        ("states", "startExecution"): "Input Name StateMachineArn TraceHeader",
        ("sagemaker", "createTrainingJob"): (
            "AlgorithmSpecification EnableNetworkIsolation Environment HyperParameters InputDataConfig"
            " OutputDataConfig ResourceConfig RoleArn StoppingCondition Tags TrainingJobName VpcConfig"
        ),
        ("sagemaker", "createTransformJob"): (
            "BatchStrategy DataProcessing Environment MaxConcurrentTransforms MaxPayloadInMB"
            " ModelClientConfig ModelName Tags TransformInput TransformJobName TransformOutput"
            " TransformResources"
        ),
        ("sagemaker", "createModel"): (
            "Containers EnableNetworkIsolation ExecutionRoleArn ModelName PrimaryContainer Tags VpcConfig"
        ),
        ("sagemaker", "createEndpointConfig"): "EndpointConfigName KmsKeyId ProductionVariants Tags",
        ("sagemaker", "createEndpoint"): "EndpointConfigName EndpointName Tags",
        ("sagemaker", "updateEndpoint"): "EndpointConfigName EndpointName",
    }.items()
}

JSON_TEXTS: Mapping[tuple[str, str], frozenset[str]] = {
    ("lambda", "invoke"): frozenset({"Payload"}),
    ("sns", "publish"): frozenset({"Message"}),
    ("sqs", "sendMessage"): frozenset({"MessageBody"}),
    ("events", "putEvents"): frozenset({"Detail"}),
    ("states", "startExecution"): frozenset({"Input"}),
}
"""Fields of text that also take JSON, which the integration writes as text."""
