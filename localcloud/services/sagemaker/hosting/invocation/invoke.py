"""InvokeEndpoint: picks an instance, passes the request on, and measures, captures and words the answer.

Limits and errors: API reference, InvokeEndpoint (60 s for the model, 6 MB each way), and the messages that
the service gives for a container's error.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from localcloud.services.sagemaker.errors import (
    ModelError,
    RuntimeValidationError,
    SageMakerError,
    ServiceUnavailableError,
)
from localcloud.services.sagemaker.hosting.deployment.traffic import Target, Traffic
from localcloud.services.sagemaker.hosting.fleet.corruption import scrambled
from localcloud.services.sagemaker.hosting.fleet.faults import Fault, Faults
from localcloud.services.sagemaker.hosting.fleet.http import BrokenError, Response, UnreachableError
from localcloud.services.sagemaker.hosting.fleet.measures import Measures
from localcloud.services.sagemaker.hosting.invocation import headers as invocation
from localcloud.services.sagemaker.hosting.invocation.capture import Capture, Sink

MODEL_TIMEOUT_SECONDS = 60.0
MAX_BODY_BYTES = 6 * 1024 * 1024
LOG_GROUP = "/aws/sagemaker/Endpoints"
ATTEMPTS = 3
"""Instances to try before giving up, when none of them took the request."""
_FORWARDED = ("content-type", "accept", "x-amzn-sagemaker-custom-attributes", "x-amzn-sagemaker-inference-id")
Answer = tuple[int, dict[str, str], bytes]


class Serving(Protocol):
    """An endpoint as the proxy sees it."""

    name: str
    traffic: Traffic

    async def until_ready(self) -> None:
        """Return when there is a fleet to ask."""
        ...

    def sink(self, target: Target) -> Sink | None:
        """Where captures of a variant go, if anywhere."""
        ...


@dataclass(frozen=True)
class Place:
    """What the messages name."""

    account: str
    region: str


class Invoker:
    """The data plane."""

    def __init__(
        self,
        place: Place,
        find: Callable[[str], Serving | None],
        measures: Measures,
        capture: Capture,
        faults: Faults,
        *,
        timeout_seconds: float = MODEL_TIMEOUT_SECONDS,
    ) -> None:
        self._place = place
        self._find = find
        self._measures = measures
        self._capture = capture
        self._faults = faults
        self._timeout = timeout_seconds
        self._copies: set[asyncio.Task[None]] = set()

    async def invoke(self, name: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The HTTP answer; raises SageMakerError."""
        began = time.perf_counter()
        endpoint = self._find(name)
        if endpoint is None:
            raise RuntimeValidationError(f"Endpoint {name} of account {self._place.account} not found.")
        if len(body) > MAX_BODY_BYTES:
            raise RuntimeValidationError(
                "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have "
                f"length less than or equal to {MAX_BODY_BYTES}"
            )
        invocation.check(headers)
        await endpoint.until_ready()
        target, response, problem, model_seconds = await self._ask(endpoint, headers, body)
        self._measure(endpoint, target, response, model_seconds, time.perf_counter() - began)
        if problem is not None:
            raise self._model_error(endpoint, target, 0, problem)
        if not 200 <= response.status < 300:
            text = response.body.decode("utf-8", "replace")
            raise self._model_error(endpoint, target, response.status, text)
        sink = endpoint.sink(target)
        if sink is not None:
            inference_id = headers.get("x-amzn-sagemaker-inference-id")
            self._capture.record(sink, headers, body, response, inference_id)
        return 200, _answer_headers(target, response), response.body

    async def _ask(
        self, endpoint: Serving, headers: Mapping[str, str], body: bytes
    ) -> tuple[Target, Response, str | None, float]:
        forwarded = [(name, headers[name]) for name in _FORWARDED if name in headers]
        target: Target | None = None
        for number in range(ATTEMPTS):
            target = endpoint.traffic.pick(headers.get("x-amzn-sagemaker-target-variant"))
            if target is None:
                break
            fault = self._fault_of(target)
            sent = time.perf_counter()
            if number == 0:
                self._copy(endpoint, target, headers, forwarded, body)
            try:
                response = await self._send(target, fault, forwarded, body)
            except UnreachableError:
                target.instance.healthy = False
                continue
            except BrokenError:
                return target, Response(500), "could not load the entire response body", _since(sent)
            except TimeoutError:
                return target, Response(504), _TIMED_OUT, _since(sent)
            return target, response, None, _since(sent)
        raise ServiceUnavailableError(f"No instance of endpoint {endpoint.name} can take the request now.")

    def _fault_of(self, target: Target) -> Fault:
        return self._faults.of(target.fleet.config_name, target.variant.config["ModelName"])

    def _copy(
        self,
        endpoint: Serving,
        target: Target,
        headers: Mapping[str, str],
        forwarded: list[tuple[str, str]],
        body: bytes,
    ) -> None:
        """Send a copy to the shadow of the fleet that answers, if it has one, and wait for nothing.

        The share of the requests is the shadow's weight to the production variant's (API reference,
        `ShadowProductionVariants`; developer guide, "Shadow variants").
        """
        shadow, weight = target.fleet.shadow, target.variant.weight
        if shadow is None or weight <= 0 or not self._faults.happens(min(1.0, shadow.weight / weight)):
            return
        instance = shadow.pick()
        if instance is None:
            return
        copied = self._ask_shadow(endpoint, Target(target.fleet, shadow, instance), headers, forwarded, body)
        task = asyncio.get_running_loop().create_task(copied)
        self._copies.add(task)
        task.add_done_callback(self._copies.discard)

    async def _ask_shadow(
        self,
        endpoint: Serving,
        target: Target,
        headers: Mapping[str, str],
        forwarded: list[tuple[str, str]],
        body: bytes,
    ) -> None:
        """What a shadow answers, or fails to, is measured and captured under its own name."""
        began = time.perf_counter()
        try:
            response = await self._send(target, self._fault_of(target), forwarded, body)
        except UnreachableError:
            target.instance.healthy = False
            return
        except BrokenError:
            response = Response(500)
        except TimeoutError:
            response = Response(504)
        seconds = _since(began)
        self._measure(endpoint, target, response, seconds, seconds)
        sink = endpoint.sink(target)
        if sink is not None and 200 <= response.status < 300:
            inference_id = headers.get("x-amzn-sagemaker-inference-id")
            self._capture.record(sink, headers, body, response, inference_id)

    async def _send(
        self, target: Target, fault: Fault, headers: list[tuple[str, str]], body: bytes
    ) -> Response:
        if self._faults.happens(fault.crash_share):
            target.instance.kill()
        sent = time.perf_counter()
        response = await target.instance.send("/invocations", headers, body, self._timeout)
        delay = fault.delay_ms / 1000 + (fault.delay_factor - 1.0) * _since(sent)
        if delay > 0:
            await asyncio.sleep(delay)
        if self._faults.happens(fault.error_share):
            return Response(500, {"content-type": "text/plain"}, b"an injected fault")
        if fault.nonsense:
            response.body = scrambled(response.body)
        return response

    def _measure(
        self, endpoint: Serving, target: Target, response: Response, model_seconds: float, total: float
    ) -> None:
        self._measures.record(
            endpoint.name,
            target.variant.name,
            target.fleet.config_name,
            status=response.status,
            model_us=model_seconds * 1e6,
            overhead_us=max(0.0, total - model_seconds) * 1e6,
            instances=len(target.variant.instances),
        )

    def _model_error(self, endpoint: Serving, target: Target, status: int, message: str) -> SageMakerError:
        side = "client" if 400 <= status < 500 else "server"
        group = f"{LOG_GROUP}/{endpoint.name}"
        region, account = self._place.region, self._place.account
        return ModelError(
            f'Received {side} error ({status}) from primary with message "{message}". See '
            f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
            f"#logEventViewer:group={group} in account {account} for more information.",
            OriginalStatusCode=status,
            OriginalMessage=message,
            LogStreamArn=f"arn:aws:logs:{region}:{account}:log-group:{group}",
        )


_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency "
    "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)


def _since(moment: float) -> float:
    return time.perf_counter() - moment


def _answer_headers(target: Target, response: Response) -> dict[str, str]:
    # In lower case: ministack rewrites `Content-Type`, and this one is the container's.
    headers = {
        "content-type": response.headers.get("content-type", "application/octet-stream"),
        "x-amzn-invoked-production-variant": target.variant.name,
    }
    attributes = response.headers.get("x-amzn-sagemaker-custom-attributes")
    if attributes:
        headers["x-amzn-sagemaker-custom-attributes"] = attributes
    return headers
