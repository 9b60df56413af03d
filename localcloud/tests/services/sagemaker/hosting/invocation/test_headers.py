import pytest

from localcloud.services.sagemaker.errors import RuntimeValidationError
from localcloud.services.sagemaker.hosting.invocation.headers import check

PREFIX = "x-amzn-sagemaker-"


@pytest.mark.parametrize(
    ("header", "member"),
    [
        ("target-model", "TargetModel"),
        ("target-container-hostname", "TargetContainerHostname"),
        ("enable-explanations", "EnableExplanations"),
        ("inference-component", "InferenceComponentName"),
        ("session-id", "SessionId"),
        ("prefix-aware-id", "PrefixAwareId"),
    ],
)
def test_a_member_that_would_not_be_honoured_is_refused_by_name(header, member):
    with pytest.raises(RuntimeValidationError, match=f"^{member} is for"):
        check({PREFIX + header: "x"})


@pytest.mark.parametrize(
    ("header", "value", "rule"),
    [
        ("content-type", "x" * 1025, "'contentType' .* less than or equal to 1024"),
        ("accept", "x" * 1025, "'accept' .* less than or equal to 1024"),
        (PREFIX + "custom-attributes", "x" * 1025, "'customAttributes' .* 1024"),
        (PREFIX + "inference-id", "x" * 65, "'inferenceId' .* less than or equal to 64"),
        (PREFIX + "inference-id", "", "'inferenceId' .* greater than or equal to 1"),
        (PREFIX + "inference-id", "a\x01", "'inferenceId' .* regular expression"),
        (PREFIX + "target-variant", "x" * 64, "'targetVariant' .* 63"),
        (PREFIX + "target-variant", "a_b", "'targetVariant' .* regular expression"),
        ("content-type", "text/ä", "'contentType' .* regular expression"),
    ],
)
def test_what_is_too_long_or_malformed_is_refused_as_the_service_says_it(header, value, rule):
    with pytest.raises(RuntimeValidationError, match=f"1 validation error detected: Value at {rule}"):
        check({header: value})


def test_what_the_model_allows_passes():
    check(
        {
            "content-type": "x" * 1024,
            PREFIX + "inference-id": "a b-" + "x" * 60,
            PREFIX + "target-variant": "AllTraffic",
            PREFIX + "custom-attributes": "",
            "authorization": "y" * 5000,
        }
    )
