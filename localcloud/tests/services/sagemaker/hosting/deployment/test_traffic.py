from collections import Counter
from typing import Any

import pytest

from localcloud.services.sagemaker.errors import RuntimeValidationError
from localcloud.services.sagemaker.hosting.deployment.traffic import Traffic
from localcloud.tests.services.sagemaker.fleets import FakeFleet


def fleets(*names: str, **options) -> list[Any]:
    return [FakeFleet(name, **options) for name in names]


def picks(traffic: Traffic, count: int, **asked) -> Counter[str]:
    targets = [traffic.pick(**asked) for _ in range(count)]
    return Counter(target.fleet.config_name for target in targets if target is not None)


@pytest.mark.parametrize("percent", [1, 10, 25, 50])
def test_a_canary_gets_its_share_of_any_thousand_requests(percent):
    blue, green = fleets("blue", "green")
    traffic = Traffic()
    traffic.set((green, percent / 100), (blue, 1 - percent / 100))
    assert picks(traffic, 1000)["green"] == pytest.approx(10 * percent, abs=3)


def test_variants_share_by_their_weights():
    (fleet,) = fleets("one", variants={"a": 3.0, "b": 1.0})
    traffic = Traffic()
    traffic.set((fleet, 1.0))
    names = Counter(target.variant.name for _ in range(1000) if (target := traffic.pick()))
    assert names["a"] == pytest.approx(750, abs=3)


def test_the_instance_with_the_fewest_requests_under_way_is_next_and_equals_take_turns():
    (fleet,) = fleets("one", instances=3)
    traffic = Traffic()
    traffic.set((fleet, 1.0))
    fleet.variants["AllTraffic"].instances[0].in_flight = 5
    names = Counter(target.instance.name for _ in range(10) if (target := traffic.pick()))  # type: ignore[attr-defined]
    assert sorted(names.values()) == [5, 5]


def test_a_fleet_without_a_healthy_instance_gets_nothing():
    blue, green = fleets("blue", "green")
    traffic = Traffic()
    traffic.set((green, 0.5), (blue, 0.5))
    for instance in green.variants["AllTraffic"].instances:
        instance.healthy = False
    assert picks(traffic, 100) == {"blue": 100}
    for instance in blue.variants["AllTraffic"].instances:
        instance.healthy = False
    assert traffic.pick() is None


def test_a_variant_may_be_asked_for():
    (fleet,) = fleets("one", variants={"a": 1.0, "b": 0.0})
    traffic = Traffic()
    traffic.set((fleet, 1.0))
    target = traffic.pick("b")
    assert target is not None
    assert target.variant.name == "b"
    with pytest.raises(RuntimeValidationError, match="c is not a variant"):
        traffic.pick("c")
