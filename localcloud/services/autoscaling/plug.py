"""Puts the service into ministack: routing, IAM, alarm actions, CloudFormation, and its clockwork."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import app, iam_actions, router
from localcloud.services import cloudwatch, sagemaker
from localcloud.services.autoscaling.activities import Activities
from localcloud.services.autoscaling.policies import Policies
from localcloud.services.autoscaling.scaler import Scaler, Sweeper
from localcloud.services.autoscaling.schedules import Schedules
from localcloud.services.autoscaling.service import SERVICE, AutoScaling
from localcloud.services.autoscaling.targets import Targets, Variant
from localcloud.services.autoscaling.templates import add_types
from localcloud.services.cloudwatch.alarms import actions
from localcloud.services.cloudwatch.timer import interval
from localcloud.services.sagemaker.access.caller import Caller, Trusted, caller_of
from localcloud.services.sagemaker.errors import SageMakerError, SerializationError
from localcloud.services.sagemaker.requests.dispatch import answer, error_answer
from localcloud.services.sagemaker.store import Store

_TARGET = "AnyScaleFrontendService."
_CONDITIONS = {"ServiceNamespace": "service-namespace", "ScalableDimension": "scalable-dimension"}


class Endpoints:
    """SageMaker's endpoints, through its own API."""

    def wanted(self, variant: Variant) -> int | None:
        for found in self._described(variant).get("ProductionVariants", []):
            if found["VariantName"] == variant.name:
                return int(found["DesiredInstanceCount"])
        return None

    def type_of(self, variant: Variant) -> str | None:
        config = self._described(variant).get("EndpointConfigName")
        if config is None:
            return None
        for found in sagemaker.call("DescribeEndpointConfig", {"EndpointConfigName": config})[
            "ProductionVariants"
        ]:
            if found["VariantName"] == variant.name:
                return str(found["InstanceType"])
        return None

    def is_settled(self, variant: Variant) -> bool:
        return self._described(variant).get("EndpointStatus") in (None, "InService", "Failed")

    def set(self, variant: Variant, count: int) -> None:
        sagemaker.call(
            "UpdateEndpointWeightsAndCapacities",
            {
                "EndpointName": variant.endpoint,
                "DesiredWeightsAndCapacities": [{"VariantName": variant.name, "DesiredInstanceCount": count}],
            },
        )

    def _described(self, variant: Variant) -> dict[str, Any]:
        try:
            return sagemaker.call("DescribeEndpoint", {"EndpointName": variant.endpoint})
        except SageMakerError:
            return {}


class Watch:
    """CloudWatch's alarms."""

    def put(self, request: dict[str, Any]) -> None:
        cloudwatch.alarm_engine().put_metric_alarm(request)

    def delete(self, names: list[str]) -> None:
        cloudwatch.alarm_engine().delete(names)

    def is_in_alarm(self, name: str) -> bool:
        return cloudwatch.alarm_states([name]).get(name) == "ALARM"

    def threshold(self, name: str) -> float:
        found = cloudwatch.alarm_engine().alarm_records.metric.get(name)
        return float(found["Threshold"]) if found else 0.0

    def values(self, name: str) -> list[float]:
        return cloudwatch.alarm_engine().values(name)

    def acting_for(self, policy_arn: str) -> list[str]:
        engine = cloudwatch.alarm_engine()
        with engine.lock:
            alarms = list(engine.alarm_records.metric.values())
        return sorted(str(one["AlarmName"]) for one in alarms if policy_arn in one.get("AlarmActions", []))


class Plug:
    """The service and what keeps it going."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        store = Store(cloud.state_dir / "autoscaling" / "records.sqlite")
        place = (cloud.account, cloud.region)
        self._store = store
        targets = Targets(store.table("target"), *place, cloud.clock)
        policies = Policies(store.table("policy"), *place, cloud.clock)
        schedules = Schedules(store.table("schedule"), *place, cloud.clock)
        activities = Activities(store.table("activity"), cloud.clock)
        fleet, watch = Endpoints(), Watch()
        self.service = AutoScaling(
            *place,
            targets,
            policies,
            schedules,
            activities,
            watch,
            fleet.type_of,
        )
        self.scaler = Scaler(targets, policies, schedules, activities, fleet, watch, cloud.clock)
        self._policies = policies
        self._sweeper = Sweeper(self._sweep, lambda: interval(cloud.clock))

    def connect(self) -> None:
        """Add the service to ministack's registries."""
        app.SERVICE_REGISTRY[SERVICE] = {"module": SERVICE}
        app.loaded_modules[SERVICE] = self
        app.SERVICE_HANDLERS[SERVICE] = self.handle_request
        router.SERVICE_PATTERNS[SERVICE] = {"target_prefixes": [_TARGET], "host_patterns": []}
        iam_actions.SERVICE_TO_IAM_NAMESPACE[SERVICE] = SERVICE
        iam_actions.BOTOCORE_SERVICE_MAP[SERVICE] = [SERVICE]
        iam_actions.extract_resource_arn = self._with_resources(iam_actions.extract_resource_arn)
        iam_actions.request_tag_context = _with_conditions(iam_actions.request_tag_context)
        actions.add("autoscaling", self._alarmed)
        sagemaker.refuse_new_types(lambda endpoint, variant: self._scales(Variant(endpoint, variant)))
        add_types(self.service, lambda operation, request: self.service.call(operation, request, Trusted()))

    def start(self) -> None:
        """Begin once the kept state is loaded."""
        self._cloud.clock.timers.append(self)
        self._cloud.on_started(self.scaler.look_again)
        self._sweeper.start()
        self._cloud.on_shutdown(self._sweeper.stop)

    def next_due(self) -> float | None:
        return self.scaler.next_due()

    def sweep(self) -> None:
        self._sweep()

    async def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> tuple[int, dict[str, str], bytes]:
        """What ministack calls."""
        caller: Caller = caller_of(headers, self._cloud.region)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            return answer(200, self.service.call(operation, _document(body), caller))
        except SageMakerError as error:
            return error_answer(error)

    def get_state(self) -> None:
        """Nothing: every change is on disk before it is answered."""

    def load_persisted_state(self, data: Any) -> None:
        """Nothing: the records are read from their own file."""

    def reset(self) -> None:
        self._store.clear()

    def _sweep(self) -> None:
        with self._cloud.scope():
            self.scaler.sweep()

    def _scales(self, variant: Variant) -> bool:
        return self.service.targets.get(variant.resource_id) is not None

    def _alarmed(self, alarm: str, arn: str) -> None:
        if self._policies.by_arn(arn) is None:
            raise actions.ActionError(f"Scaling policy not found: {arn}")
        self.scaler.alarmed(arn, alarm)

    def _with_resources(self, extract_resource_arn: Any) -> Any:
        """ministack's function, which also knows scalable targets; descriptions name no resource."""

        def extract(
            service: str,
            method: str,
            path: str,
            headers: Mapping[str, str],
            body: bytes,
            *rest: Any,
            **named: Any,
        ) -> str:
            if service != SERVICE:
                found: str = extract_resource_arn(service, method, path, headers, body, *rest, **named)
                return found
            if ".Describe" in headers.get("x-amz-target", ""):
                return "*"
            return self.service.targets.arn(str(_document(body, lenient=True).get("ResourceId", "")))

        return extract


def _with_conditions(request_tag_context: Any) -> Any:
    """ministack's function, which also knows this service's two condition keys."""

    def context(service: str, action: str, body: bytes, *rest: Any, **named: Any) -> dict[str, Any]:
        found: dict[str, Any] = request_tag_context(service, action, body, *rest, **named)
        if service != SERVICE:
            return found
        asked = _document(body, lenient=True)
        keys = {f"{SERVICE}:{key}": asked[name] for name, key in _CONDITIONS.items() if name in asked}
        return {**found, **keys}

    return context


def _document(body: bytes, *, lenient: bool = False) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        document = None
    if isinstance(document, dict):
        return document
    if lenient:
        return {}
    raise SerializationError("The request's body must be a JSON object")
