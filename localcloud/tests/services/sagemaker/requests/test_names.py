import pytest

from localcloud.services.sagemaker.requests.names import Names, last_part

NAMES = Names("111122223333", "us-east-1")
PREFIX = "arn:aws:sagemaker:us-east-1:111122223333"


@pytest.mark.parametrize(
    ("operation", "request_", "expected"),
    [
        ("DescribeEndpoint", {"EndpointName": "Housing"}, "endpoint/housing"),
        ("CreateTrainingJob", {"TrainingJobName": "J"}, "training-job/j"),
        ("CreateModelPackage", {"ModelPackageGroupName": "G"}, "model-package/G/*"),
        ("CreateModelPackageGroup", {"ModelPackageGroupName": "G"}, "model-package-group/G"),
        ("CreateMlflowApp", {"Name": "x"}, "mlflow-app/*"),
    ],
)
def test_iam_checks_an_operation_on_the_resource_that_it_names(operation, request_, expected):
    assert NAMES.resource_of(operation, request_) == f"{PREFIX}:{expected}"


def test_an_arn_in_the_request_is_the_resource():
    arn = f"{PREFIX}:model-package/g/3"
    assert NAMES.resource_of("UpdateModelPackage", {"ModelPackageArn": arn}) == arn


@pytest.mark.parametrize("operation", ["ListEndpoints", "CreateProcessingJob"])
def test_an_operation_that_names_no_resource_is_checked_on_all(operation):
    assert NAMES.resource_of(operation, {}) == "*"


def test_a_version_of_a_group_keeps_its_number():
    assert last_part(f"{PREFIX}:model-package/g/3") == "g/3"
    assert last_part("g") == "g"
