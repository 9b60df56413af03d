from typing import Any

import pytest

from localcloud.services.sagemaker.access.caller import Caller, Trusted
from localcloud.services.sagemaker.errors import AccessDeniedError, UnsupportedOperationError, ValidationError
from localcloud.services.sagemaker.hosting.models.models import EndpointConfigs, Models
from localcloud.services.sagemaker.hosting.models.staleness import unseen_for
from localcloud.services.sagemaker.requests.contract import Contract
from localcloud.services.sagemaker.requests.names import Names
from localcloud.services.sagemaker.requests.tags import Tags
from localcloud.services.sagemaker.store import Store
from localcloud.tests.services.sagemaker.fakes import IMAGE, ROLE, Denying, FakePlatform

MODEL: dict[str, Any] = {"ModelName": "m", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": IMAGE}}
VARIANT = {
    "VariantName": "AllTraffic",
    "ModelName": "m",
    "InitialInstanceCount": 2,
    "InstanceType": "ml.m5.large",
}


class Hosting:
    def __init__(self, tmp_path) -> None:
        store = Store()
        platform = FakePlatform(tmp_path)
        shared = (store, Names("111122223333", "us-east-1"), Tags(store), platform)
        self.clock = platform.clock
        models = Models(*shared, lambda arn: {})
        self.configs = EndpointConfigs(*shared, models)
        self._operations = {**models.operations(), **self.configs.operations()}
        self._contract = Contract()

    def call(self, operation: str, caller: Caller | None = None, **request) -> dict[str, Any]:
        self._contract.check_request(operation, request)
        answer = self._operations[operation](request, caller or Trusted())
        self._contract.check_answer(operation, answer)
        return answer


@pytest.fixture
def hosting(tmp_path):
    made = Hosting(tmp_path)
    made.call("CreateModel", **MODEL)
    return made


def test_a_model_is_described_listed_and_deleted(hosting):
    assert hosting.call("DescribeModel", ModelName="m")["PrimaryContainer"] == {"Image": IMAGE}
    assert [item["ModelName"] for item in hosting.call("ListModels")["Models"]] == ["m"]
    hosting.call("DeleteModel", ModelName="m")
    with pytest.raises(
        ValidationError, match=r'Could not find model "arn:aws:sagemaker:us-east-1:.*:model/m"'
    ):
        hosting.call("DescribeModel", ModelName="m")


def test_a_model_is_made_once_and_with_a_role_that_may_be_passed(hosting):
    with pytest.raises(ValidationError, match="Cannot create already existing model"):
        hosting.call("CreateModel", **MODEL)
    with pytest.raises(AccessDeniedError, match="iam:PassRole"):
        hosting.call("CreateModel", Denying("iam:PassRole"), **{**MODEL, "ModelName": "n"})


@pytest.mark.parametrize(
    ("change", "error", "problem"),
    [
        ({"PrimaryContainer": None, "Containers": []}, ValidationError, "Exactly one of"),
        (
            {"PrimaryContainer": {"Image": IMAGE, "Mode": "MultiModel"}},
            UnsupportedOperationError,
            "SingleModel",
        ),
        ({"PrimaryContainer": {}}, ValidationError, "Image or ModelPackageName"),
        ({"ExecutionRoleArn": None}, ValidationError, "ExecutionRoleArn"),
    ],
)
def test_a_model_that_could_not_serve_is_refused(hosting, change, error, problem):
    asked = {
        name: value for name, value in {**MODEL, "ModelName": "n", **change}.items() if value is not None
    }
    with pytest.raises(error, match=problem):
        hosting.call("CreateModel", **asked)


def test_a_config_keeps_its_variants_with_a_weight(hosting):
    hosting.call("CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[VARIANT])
    described = hosting.call("DescribeEndpointConfig", EndpointConfigName="c")
    assert described["ProductionVariants"] == [{**VARIANT, "InitialVariantWeight": 1.0}]


@pytest.mark.parametrize(
    ("variants", "error", "problem"),
    [
        ([{**VARIANT, "ModelName": "other"}], ValidationError, 'Could not find model ".*model/other"'),
        ([VARIANT, VARIANT], ValidationError, "Duplicate variant names"),
        ([{"VariantName": "a", "ModelName": "m"}], ValidationError, "InitialInstanceCount is required"),
        (
            [{**VARIANT, "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}],
            UnsupportedOperationError,
            "ServerlessConfig",
        ),
    ],
)
def test_a_config_that_could_not_serve_is_refused(hosting, variants, error, problem):
    with pytest.raises(error, match=problem):
        hosting.call("CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=variants)


def test_a_config_in_use_cannot_be_deleted(hosting):
    hosting.call("CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[VARIANT])
    hosting.configs.in_use = lambda name: "housing"
    with pytest.raises(ValidationError, match='used by endpoint "housing"'):
        hosting.call("DeleteEndpointConfig", EndpointConfigName="c")
    hosting.configs.in_use = lambda name: None
    hosting.call("DeleteEndpointConfig", EndpointConfigName="c")
    assert hosting.call("ListEndpointConfigs")["EndpointConfigs"] == []


def test_a_struck_call_does_not_see_what_is_new_and_the_next_does(hosting):
    config = {"EndpointConfigName": "c", "ProductionVariants": [VARIANT]}
    with unseen_for(5.0), pytest.raises(ValidationError, match="Could not find model"):
        hosting.call("CreateEndpointConfig", **config)
    hosting.call("CreateEndpointConfig", **config)
    with unseen_for(5.0), pytest.raises(ValidationError, match="Could not find endpoint configuration"):
        hosting.configs.known("c")
    assert hosting.configs.known("c")["EndpointConfigName"] == "c"
    hosting.clock.advance(5)
    with unseen_for(5.0):
        assert hosting.configs.known("c")["EndpointConfigName"] == "c"


def test_a_config_may_have_one_shadow_of_its_one_variant(hosting):
    shadow = {**VARIANT, "VariantName": "Shadow"}
    hosting.call(
        "CreateEndpointConfig",
        EndpointConfigName="c",
        ProductionVariants=[VARIANT],
        ShadowProductionVariants=[shadow],
    )
    described = hosting.call("DescribeEndpointConfig", EndpointConfigName="c")
    assert [one["VariantName"] for one in described["ShadowProductionVariants"]] == ["Shadow"]
    other = {**VARIANT, "VariantName": "Other"}
    for production, shadows in (([VARIANT, other], [shadow]), ([VARIANT], [shadow, other])):
        with pytest.raises(ValidationError, match="one production variant and one shadow variant"):
            hosting.call(
                "CreateEndpointConfig",
                EndpointConfigName="d",
                ProductionVariants=production,
                ShadowProductionVariants=shadows,
            )
    with pytest.raises(ValidationError, match="Duplicate variant names"):
        hosting.call(
            "CreateEndpointConfig",
            EndpointConfigName="d",
            ProductionVariants=[VARIANT],
            ShadowProductionVariants=[VARIANT],
        )
