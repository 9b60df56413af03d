from typing import Any, cast

import pytest

from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.hosting.endpoints.live import LiveEndpoint
from localcloud.services.sagemaker.hosting.endpoints.retained import with_retained
from localcloud.tests.services.sagemaker.fleets import FakeFleet

CAPTURE = {"InitialSamplingPercentage": 100, "DestinationS3Uri": "s3://b/new"}
CONFIG = {
    "EndpointConfigName": "green",
    "ProductionVariants": [{"VariantName": "A", "InitialInstanceCount": 2, "InitialVariantWeight": 1.0}],
    "DataCaptureConfig": CAPTURE,
}
OLD_CAPTURE = {"InitialSamplingPercentage": 5, "DestinationS3Uri": "s3://b/old"}


@pytest.fixture
def live():
    """Scaled out to five instances, with a weight of 0.25 and a capture of its own."""
    made = LiveEndpoint("e", "us-east-1", cast(Any, None), lambda: 0.0)
    made.current = cast(Any, FakeFleet("blue", instances=5, variants={"A": 0.25}))
    made.capture = OLD_CAPTURE
    return made


def deployed(live, *excluded, retain=True):
    exclusions = [{"VariantPropertyType": name} for name in excluded]
    request = {"RetainAllVariantProperties": retain, "ExcludeRetainedVariantProperties": exclusions}
    config = with_retained(request, CONFIG, live)
    (variant,) = config["ProductionVariants"]
    return variant["InitialInstanceCount"], variant["InitialVariantWeight"], config.get("DataCaptureConfig")


def test_an_update_takes_everything_from_the_new_config_unless_told_otherwise(live):
    assert deployed(live, retain=False) == (2, 1.0, CAPTURE)


def test_all_properties_of_the_endpoint_are_retained(live):
    assert deployed(live) == (5, 0.25, OLD_CAPTURE)


@pytest.mark.parametrize(
    ("excluded", "expected"),
    [
        ("DesiredInstanceCount", (2, 0.25, OLD_CAPTURE)),
        ("DesiredWeight", (5, 1.0, OLD_CAPTURE)),
        ("DataCaptureConfig", (5, 0.25, CAPTURE)),
    ],
)
def test_what_is_excluded_comes_from_the_new_config(live, excluded, expected):
    assert deployed(live, excluded) == expected


def test_an_endpoint_without_capture_stays_without(live):
    live.capture = None
    assert deployed(live) == (5, 0.25, None)


def test_a_variant_that_is_new_has_nothing_to_retain(live):
    live.current = cast(Any, FakeFleet("blue", instances=5, variants={"B": 0.25}))
    assert deployed(live) == (2, 1.0, OLD_CAPTURE)


def test_exclusions_from_nothing_are_refused(live):
    with pytest.raises(ValidationError, match="ExcludeRetainedVariantProperties"):
        deployed(live, "DesiredWeight", retain=False)


def test_the_config_itself_is_not_changed(live):
    before = repr(CONFIG)
    deployed(live)
    assert repr(CONFIG) == before
