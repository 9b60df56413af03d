"""Names in and out of AWS's services, as Step Functions spells them."""

from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from localcloud.services.stepfunctions.calls import _from_wire, _function_error, _to_wire, _translated
from localcloud.services.stepfunctions.definitions.resources import parse


def operation(service: str, name: str):
    return botocore.session.get_session().get_service_model(service).operation_model(name)


def denied(code: str = "AccessDeniedException") -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "User: me is not authorized to perform: x:Y"},
        "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "r-1"},
    }
    return ClientError(response, "Any")


def test_arguments_take_the_models_case_and_objects_become_json_where_a_text_is_wanted():
    shape = operation("stepfunctions", "StartExecution").input_shape
    made = _to_wire({"StateMachineArn": "arn", "Input": {"a": 1}}, shape)
    assert made == {"stateMachineArn": "arn", "input": '{"a": 1}'}


def test_nested_lists_take_the_models_case_too():
    shape = operation("sagemaker", "CreateTrainingJob").input_shape
    made = _to_wire({"InputDataConfig": [{"channelName": "train"}]}, shape)
    assert made == {"InputDataConfig": [{"ChannelName": "train"}]}


def test_results_are_capitalised_and_times_are_as_the_integration_gives_them():
    moment = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    assert _from_wire({"creationDate": moment}, sdk=True) == {"CreationDate": "2026-11-22T03:00:00Z"}
    assert _from_wire({"CreationTime": moment}, sdk=False) == {"CreationTime": 1795316400000}


@pytest.mark.parametrize(
    ("resource", "service", "call", "code", "name"),
    [
        ("sagemaker:createTrainingJob", "sagemaker", "CreateTrainingJob", "AccessDeniedException",
         "SageMaker.AmazonSageMakerException"),
        ("sagemaker:createTrainingJob", "sagemaker", "CreateTrainingJob", "ResourceInUse",
         "SageMaker.ResourceInUseException"),
        ("aws-sdk:sagemaker:describeEndpoint", "sagemaker", "DescribeEndpoint", "AccessDeniedException",
         "SageMaker.SageMakerException"),
        ("lambda:invoke", "lambda", "Invoke", "AccessDeniedException", "Lambda.AWSLambdaException"),
        ("lambda:invoke", "lambda", "Invoke", "TooManyRequestsException", "Lambda.TooManyRequestsException"),
        ("aws-sdk:dynamodb:getItem", "dynamodb", "GetItem", "ResourceNotFoundException",
         "DynamoDb.ResourceNotFoundException"),
        ("sns:publish", "sns", "Publish", "AuthorizationError", "SNS.AuthorizationErrorException"),
    ],
)  # fmt: skip
def test_a_refusal_is_named_by_the_sdks_exception(
    resource: str, service: str, call: str, code: str, name: str
):
    error = _translated(parse(f"arn:aws:states:::{resource}"), denied(code), operation(service, call))
    assert error.error == name
    assert error.cause.startswith("User: me is not authorized to perform: x:Y (Service: ")


def test_a_functions_error_is_named_by_its_type_and_caused_by_its_whole_answer():
    text = '{"errorMessage": "no", "errorType": "BadDataError"}'
    assert (_function_error(text).error, _function_error(text).cause) == ("BadDataError", text)
    assert _function_error("nonsense").error == "Lambda.Unknown"
