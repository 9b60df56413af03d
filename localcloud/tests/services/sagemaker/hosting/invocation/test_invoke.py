import asyncio
import json
import random
from typing import Any

import pytest

from localcloud.services.sagemaker.errors import ModelError, RuntimeValidationError, ServiceUnavailableError
from localcloud.services.sagemaker.hosting.deployment.traffic import Target
from localcloud.services.sagemaker.hosting.fleet.faults import Faults
from localcloud.services.sagemaker.hosting.fleet.http import BrokenError, Response, UnreachableError
from localcloud.services.sagemaker.hosting.fleet.measures import Measures
from localcloud.services.sagemaker.hosting.invocation.capture import Capture, Sink
from localcloud.services.sagemaker.hosting.invocation.invoke import MAX_BODY_BYTES, Invoker, Place
from localcloud.services.sagemaker.store import Store
from localcloud.tests.services.sagemaker.fleets import FakeFleet, traffic_of

HEADERS = {"content-type": "text/csv", "authorization": "secret", "accept": "text/csv"}


class Endpoint:
    name = "housing"

    def __init__(self, instances: int = 1) -> None:
        self.fleet: Any = FakeFleet("config", instances)
        self.instances: list[Any] = list(self.fleet.variants["AllTraffic"].instances)
        self.traffic = traffic_of((self.fleet, 1.0))

    async def until_ready(self) -> None:
        return

    def sink(self, target: Target) -> Sink | None:
        return None


class Proxy:
    """An invoker for one endpoint, and what it measured."""

    def __init__(self, instances: int = 1) -> None:
        self.endpoint = Endpoint(instances)
        self.published: dict[tuple[str, bool], list[tuple[float, float]]] = {}
        self.measures = Measures(self._publish)
        self.faults = Faults(Store(), random.Random(1))
        self._invoker = Invoker(
            Place("111122223333", "us-east-1"),
            lambda name: self.endpoint if name == "housing" else None,
            self.measures,
            Capture(lambda: 0.0),
            self.faults,
        )

    def invoke(self, body: bytes = b"1,2", name: str = "housing", **headers: str):
        try:
            return asyncio.run(self._invoker.invoke(name, {**HEADERS, **headers}, body))
        finally:
            self.measures.flush()

    def total(self, metric: str, *, with_config: bool = True) -> float:
        return sum(value * count for value, count in self.published.get((metric, with_config), []))

    def _publish(self, namespace, name, dimensions, values, unit="None"):
        assert namespace == "AWS/SageMaker"
        assert dimensions["EndpointName"] == "housing"
        key = (name, "EndpointConfigName" in dimensions)
        self.published.setdefault(key, []).extend(values)


def test_the_containers_answer_comes_back_with_the_variant_that_gave_it():
    proxy = Proxy()
    status, headers, body = proxy.invoke()
    assert (status, body) == (200, b"config-AllTraffic-0")
    assert headers == {"content-type": "text/csv", "x-amzn-invoked-production-variant": "AllTraffic"}


def test_the_container_gets_the_body_and_no_credentials():
    proxy = Proxy()
    proxy.invoke(b"3,4")
    path, headers, body = proxy.endpoint.instances[0].asked[0]
    assert (path, body) == ("/invocations", b"3,4")
    assert headers == [("content-type", "text/csv"), ("accept", "text/csv")]


def test_every_invocation_is_measured_with_and_without_the_config():
    proxy = Proxy()
    proxy.invoke()
    for with_config in (True, False):
        assert proxy.total("Invocations", with_config=with_config) == 1
        assert proxy.total("Invocation5XXErrors", with_config=with_config) == 0
        assert proxy.total("ModelLatency", with_config=with_config) > 0
        assert ("OverheadLatency", with_config) in proxy.published


@pytest.mark.parametrize(("status", "side", "metric"), [(500, "server", "5XX"), (400, "client", "4XX")])
def test_a_containers_error_is_a_model_error_with_the_original_status(status, side, metric):
    proxy = Proxy()
    proxy.endpoint.instances[0].answers = [Response(status, {}, b"no such column")]
    with pytest.raises(ModelError) as caught:
        proxy.invoke()
    text = caught.value.message
    assert text.startswith(f'Received {side} error ({status}) from primary with message "no such column"')
    assert caught.value.members["OriginalStatusCode"] == status
    assert caught.value.status == 424
    assert proxy.total(f"Invocation{metric}Errors") == 1


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (TimeoutError(), "timed out while waiting"),
        (BrokenError("x"), "could not load the entire response body"),
    ],
)
def test_a_container_that_gives_no_answer_counts_as_a_server_error(problem, message):
    proxy = Proxy()
    proxy.endpoint.instances[0].answers = [problem]
    with pytest.raises(ModelError, match=message):
        proxy.invoke()
    assert proxy.total("Invocation5XXErrors") == 1


def test_a_request_that_an_instance_did_not_take_goes_to_another():
    proxy = Proxy(instances=2)
    for instance in proxy.endpoint.instances:
        instance.answers = [UnreachableError("gone")] if instance.name.endswith("0") else []
    assert proxy.invoke()[2] == b"config-AllTraffic-1"
    assert [instance.healthy for instance in proxy.endpoint.instances] == [False, True]


def test_an_endpoint_without_a_healthy_instance_is_unavailable():
    proxy = Proxy()
    proxy.endpoint.instances[0].healthy = False
    with pytest.raises(ServiceUnavailableError):
        proxy.invoke()


def test_an_endpoint_that_is_not_there_is_not_found():
    with pytest.raises(RuntimeValidationError, match="Endpoint other of account 111122223333 not found"):
        Proxy().invoke(name="other")


def test_a_body_over_six_megabytes_is_refused():
    with pytest.raises(RuntimeValidationError, match="less than or equal to 6291456"):
        Proxy().invoke(b"x" * (MAX_BODY_BYTES + 1))


def test_a_share_of_errors_can_be_injected():
    proxy = Proxy()
    proxy.faults.put({"endpoint_config": "config", "fault": {"error_share": 0.5}})
    failed = 0
    for _ in range(100):
        try:
            proxy.invoke()
        except ModelError:
            failed += 1
    assert 30 < failed < 70


def test_a_model_can_be_made_to_answer_nonsense_of_the_same_form():
    proxy = Proxy()
    proxy.faults.put({"model": "model-config", "fault": {"nonsense": True}})
    answer = json.dumps({"predictions": [1.5, 2]}).encode()
    proxy.endpoint.instances[0].answers = [Response(200, {"content-type": "application/json"}, answer)]
    assert json.loads(proxy.invoke()[2]) == {"predictions": [-2500.0, -3000]}


def test_a_crash_kills_the_container_that_the_request_reaches():
    proxy = Proxy()
    proxy.faults.put({"endpoint_config": "config", "fault": {"crash_share": 1.0}})
    proxy.invoke()
    assert proxy.endpoint.instances[0].killed


def test_a_slow_model_is_measured_as_slow():
    proxy = Proxy()
    proxy.faults.put({"endpoint_config": "config", "fault": {"delay_ms": 20}})
    proxy.invoke()
    assert proxy.total("ModelLatency") >= 20_000
