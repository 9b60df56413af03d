from typing import Any

import pytest

from localcloud.services.sagemaker.cloudformation import TYPES, Handler
from localcloud.services.sagemaker.errors import ResourceNotFoundError, ValidationError

GROUP = "arn:aws:sagemaker:us-east-1:111122223333:model-package-group/g"
APP = "arn:aws:sagemaker:us-east-1:111122223333:mlflow-app/app-1"


class Api:
    """Answers operations and remembers them."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answers = answers

    def call(self, operation, request):
        self.asked.append((operation, request))
        answer = self._answers.get(operation, {})
        if isinstance(answer, Exception):
            raise answer
        return answer

    def handler(self, name: str) -> Handler:
        return Handler(TYPES[f"AWS::SageMaker::{name}"], self.call, lambda operation, document: document)


def test_a_group_is_known_by_its_arn_and_gives_its_attributes():
    described = {"ModelPackageGroupArn": GROUP, "ModelPackageGroupStatus": "Completed", "CreationTime": 1.5}
    api = Api(
        {"CreateModelPackageGroup": {"ModelPackageGroupArn": GROUP}, "DescribeModelPackageGroup": described}
    )
    ref, attributes = api.handler("ModelPackageGroup").create("G", {"ModelPackageGroupName": "g"}, "stack")
    assert ref == GROUP
    assert attributes["ModelPackageGroupArn"] == GROUP
    assert api.asked[1] == ("DescribeModelPackageGroup", {"ModelPackageGroupName": "g"})


def test_a_resource_without_a_name_is_named_after_stack_and_logical_id():
    api = Api({"CreateModel": {"ModelArn": "arn:x:model/stack-themodel"}, "DescribeModel": {}})
    api.handler("Model").create("TheModel", {"PrimaryContainer": {}}, "Stack")
    assert api.asked[0][1]["ModelName"] == "stack-themodel"


def test_an_app_is_updated_in_place_where_its_api_can():
    api = Api({"DescribeMlflowApp": {"Arn": APP}})
    old = {"Name": "a", "ArtifactStoreUri": "s3://b/1", "RoleArn": "r"}
    ref, _ = api.handler("MlflowApp").update(APP, old, {**old, "ArtifactStoreUri": "s3://b/2"}, "stack")
    assert ref == APP
    assert api.asked[0] == ("UpdateMlflowApp", {"Arn": APP, "ArtifactStoreUri": "s3://b/2"})


def test_an_app_with_another_role_is_another_app():
    api = Api({"CreateMlflowApp": {"Arn": f"{APP}2"}, "DescribeMlflowApp": {}})
    ref, _ = api.handler("MlflowApp").update(APP, {"RoleArn": "r"}, {"RoleArn": "s"}, "stack")
    assert ref == f"{APP}2"
    assert ("DeleteMlflowApp", {"Arn": APP}) in api.asked


def test_deleting_what_is_gone_is_no_error():
    api = Api({"DeleteMlflowApp": ResourceNotFoundError(f"MLflow App {APP} does not exist.")})
    api.handler("MlflowApp").delete(APP, {})


def test_deleting_what_is_in_use_fails_the_stack():
    api = Api({"DeleteModelPackageGroup": ValidationError("cannot be deleted because it still contains")})
    with pytest.raises(ValidationError):
        api.handler("ModelPackageGroup").delete(GROUP, {})
