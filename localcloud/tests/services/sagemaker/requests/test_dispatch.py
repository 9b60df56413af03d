import json

import pytest

from localcloud.services.sagemaker.access.caller import Trusted
from localcloud.services.sagemaker.errors import AccessDeniedError, UnsupportedOperationError, ValidationError
from localcloud.services.sagemaker.requests.dispatch import Api
from localcloud.services.sagemaker.requests.names import Names
from localcloud.tests.services.sagemaker.fakes import Denying

NAMES = Names("111122223333", "us-east-1")
ARN = "arn:aws:sagemaker:us-east-1:111122223333:model-package-group/g"


def make(answer=None):
    answer = answer or {"ModelPackageGroupArn": ARN}
    return Api(NAMES, [{"CreateModelPackageGroup": lambda request, caller: answer}])


def test_an_operation_is_named_by_the_target_header():
    body = json.dumps({"ModelPackageGroupName": "g"}).encode()
    status, headers, answer = make().handle("SageMaker.CreateModelPackageGroup", body, Trusted())
    assert (status, json.loads(answer)) == (200, {"ModelPackageGroupArn": ARN})
    assert headers["Content-Type"] == "application/x-amz-json-1.1"


def test_an_error_carries_its_name_in_body_and_header():
    status, headers, answer = make().handle("SageMaker.CreateModelPackageGroup", b"{}", Trusted())
    assert (status, headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert json.loads(answer)["__type"] == "ValidationException"


def test_what_sagemaker_has_and_the_cloud_has_not_says_so():
    with pytest.raises(UnsupportedOperationError, match="CreateProcessingJob is not supported"):
        make().call("CreateProcessingJob", {}, Trusted())


def test_what_sagemaker_does_not_have_is_no_operation():
    with pytest.raises(ValidationError, match="no operation 'CreateTeapot'"):
        make().call("CreateTeapot", {}, Trusted())


def test_tags_given_at_creation_need_permission_to_tag():
    request = {"ModelPackageGroupName": "g", "Tags": [{"Key": "a", "Value": "1"}]}
    with pytest.raises(AccessDeniedError, match="sagemaker:AddTags on resource: " + ARN):
        make().call("CreateModelPackageGroup", request, Denying("sagemaker:AddTags"))


def test_an_answer_outside_the_model_is_a_fault_of_ours():
    body = json.dumps({"ModelPackageGroupName": "g"}).encode()
    status, _, answer = make({"Arn": ARN}).handle("SageMaker.CreateModelPackageGroup", body, Trusted())
    assert status == 500
    assert "is not as its model says" in json.loads(answer)["message"]


def test_a_body_that_is_not_json_cannot_be_read():
    status, _, answer = make().handle("SageMaker.CreateModelPackageGroup", b"<xml>", Trusted())
    assert (status, json.loads(answer)["__type"]) == (400, "SerializationException")
