import pytest

from localcloud.services.sagemaker.errors import SageMakerError, SerializationError, ValidationError
from localcloud.services.sagemaker.requests.contract import Contract

MODEL = {
    "ModelName": "m",
    "ExecutionRoleArn": "arn:aws:iam::111122223333:role/r",
    "PrimaryContainer": {"Image": "i", "Environment": {"A": "1"}},
}


@pytest.fixture(scope="module")
def contract():
    return Contract()


def refusal(contract, operation, document) -> str:
    with pytest.raises(ValidationError) as caught:
        contract.check_request(operation, document)
    return str(caught.value)


def test_a_right_request_passes(contract):
    contract.check_request("CreateModel", MODEL)


def test_a_missing_member_is_named_as_the_service_names_it(contract):
    assert refusal(contract, "CreateModel", {}) == (
        "1 validation error detected: Value null at 'modelName' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_a_name_that_breaks_the_pattern_is_shown_with_the_pattern(contract):
    text = refusal(contract, "CreateModel", {**MODEL, "ModelName": "a_b"})
    assert "Value 'a_b' at 'modelName'" in text
    assert "Member must satisfy regular expression pattern: [a-zA-Z0-9]" in text


def test_every_fault_is_told_at_once(contract):
    document = {"EndpointConfigName": "c_", "ProductionVariants": [{"InitialInstanceCount": 0}]}
    text = refusal(contract, "CreateEndpointConfig", document)
    assert text.startswith("3 validation errors detected: ")
    assert "'productionVariants.1.member.variantName'" in text
    assert "Member must have value greater than or equal to 1" in text


def test_a_value_outside_the_enumeration_lists_it(contract):
    text = refusal(contract, "ListModelPackages", {"SortOrder": "Up"})
    assert "Member must satisfy enum value set: [Ascending, Descending]" in text


def test_a_member_that_the_model_does_not_have_is_refused(contract):
    assert "'variantName' failed" in refusal(
        contract, "DescribeModel", {"ModelName": "m", "VariantName": "v"}
    )


def test_a_text_where_a_structure_belongs_cannot_be_read(contract):
    with pytest.raises(SerializationError, match="'primaryContainer'"):
        contract.check_request("CreateModel", {**MODEL, "PrimaryContainer": "x"})


def test_unicode_descriptions_are_allowed(contract):
    document = {"ModelPackageGroupName": "g", "ModelPackageGroupDescription": "Häuser – 加州, (100 %)"}
    contract.check_request("CreateModelPackageGroup", document)


def test_an_answer_that_no_client_could_read_is_our_fault(contract):
    with pytest.raises(SageMakerError, match="DescribeModel is not as its model says"):
        contract.check_answer("DescribeModel", {"ModelName": "m"})


def test_templates_hold_numbers_and_booleans_as_text(contract):
    document = {
        "EnableNetworkIsolation": "true",
        "ProductionVariants": [{"InitialInstanceCount": "2", "InitialVariantWeight": "0.5"}],
    }
    coerced = contract.coerce("CreateEndpointConfig", document)
    assert coerced["ProductionVariants"] == [{"InitialInstanceCount": 2, "InitialVariantWeight": 0.5}]
    assert coerced["EnableNetworkIsolation"] is True


def test_operations_that_sagemaker_has_are_known(contract):
    assert contract.knows("CreateProcessingJob")
    assert not contract.knows("CreateTeapot")
