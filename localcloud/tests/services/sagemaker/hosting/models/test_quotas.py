from typing import Any, cast

import pytest

from localcloud.services.sagemaker.errors import ResourceLimitExceededError
from localcloud.services.sagemaker.hosting.endpoints.live import LiveEndpoint
from localcloud.services.sagemaker.hosting.models import quotas
from localcloud.tests.services.sagemaker.fleets import FakeFleet

VARIANT = {"VariantName": "A", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}


def serving(current: int, pending: int = 0) -> LiveEndpoint:
    made = LiveEndpoint("e", "us-east-1", cast(Any, None), lambda: 0.0)
    for name, count in (("current", current), ("pending", pending)):
        fleet = FakeFleet(name, instances=count)
        for variant in fleet.variants.values():
            variant.config["InstanceType"] = "ml.m5.large"
        setattr(made, name, fleet if count else None)
    return made


def check(limit: int, *endpoints: LiveEndpoint) -> None:
    quotas.check({"ml.m5.large": limit}, endpoints, {"ProductionVariants": [VARIANT]})


def test_green_must_fit_beside_blue():
    check(4, serving(2))
    with pytest.raises(ResourceLimitExceededError) as refused:
        check(3, serving(2))
    assert "'ml.m5.large for endpoint usage' is 3 Instances" in refused.value.message
    assert "current utilization of 2 Instances and a request delta of 2 Instances" in refused.value.message


def test_all_endpoints_and_what_is_being_deployed_count():
    check(8, serving(2, 2), serving(2))
    with pytest.raises(ResourceLimitExceededError):
        check(7, serving(2, 2), serving(2))


def test_a_type_without_a_quota_has_no_limit():
    quotas.check({"ml.m5.xlarge": 0}, [serving(50)], {"ProductionVariants": [VARIANT]})


def test_a_quota_of_none_refuses_the_first_endpoint():
    with pytest.raises(ResourceLimitExceededError):
        check(0)


def test_a_rolling_deployment_needs_room_for_its_batch_alone():
    config = {"ProductionVariants": [VARIANT]}
    quotas.check({"ml.m5.large": 3}, [serving(2)], config, at_once=1)
    with pytest.raises(ResourceLimitExceededError, match="a request delta of 1 Instances"):
        quotas.check({"ml.m5.large": 2}, [serving(2)], config, at_once=1)


def test_a_shadow_s_instances_count_where_they_are_and_where_they_are_asked_for():
    there = serving(2)
    fleet: Any = there.current
    fleet.shadowed()
    fleet.shadow.config["InstanceType"] = "ml.m5.large"
    wanted = {"ProductionVariants": [VARIANT], "ShadowProductionVariants": [{**VARIANT, "VariantName": "S"}]}
    quotas.check({"ml.m5.large": 7}, [there], wanted)
    with pytest.raises(
        ResourceLimitExceededError, match="utilization of 3 Instances and a request delta of 4"
    ):
        quotas.check({"ml.m5.large": 6}, [there], wanted)
