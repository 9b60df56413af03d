"""SageMaker as a service of the gateway: its parts put together, and every request sent to the right one."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from localcloud.containers import container
from localcloud.containers.container import Container, popen
from localcloud.images.store import ImageStore
from localcloud.services.sagemaker.access.caller import Caller, caller_of
from localcloud.services.sagemaker.access.roles import Roles
from localcloud.services.sagemaker.access.volumes import Volumes, find_key
from localcloud.services.sagemaker.errors import SageMakerError, UnsupportedOperationError, ValidationError
from localcloud.services.sagemaker.events import Events
from localcloud.services.sagemaker.features.groups import FeatureGroups
from localcloud.services.sagemaker.features.offline import OfflineStore
from localcloud.services.sagemaker.features.online import OnlineStore
from localcloud.services.sagemaker.features.runtime import Runtime
from localcloud.services.sagemaker.hosting.deployment.alarms import Alarms
from localcloud.services.sagemaker.hosting.endpoints.operations import Endpoints
from localcloud.services.sagemaker.hosting.endpoints.records import EndpointRecords
from localcloud.services.sagemaker.hosting.endpoints.work import Work
from localcloud.services.sagemaker.hosting.fleet.fault_client import TARGET_PREFIX
from localcloud.services.sagemaker.hosting.fleet.faults import Faults
from localcloud.services.sagemaker.hosting.fleet.measures import Measures, Publish
from localcloud.services.sagemaker.hosting.fleet.utilization import Utilization
from localcloud.services.sagemaker.hosting.invocation.capture import Capture
from localcloud.services.sagemaker.hosting.invocation.invoke import Invoker, Place
from localcloud.services.sagemaker.hosting.models.models import EndpointConfigs, Models
from localcloud.services.sagemaker.hosting.models.program import Preparer
from localcloud.services.sagemaker.hosting.models.sources import Sources
from localcloud.services.sagemaker.mlflow.apps import MlflowApps
from localcloud.services.sagemaker.mlflow.proxy import APP_HEADER, MlflowProxy
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.registry.groups import ModelPackageGroups
from localcloud.services.sagemaker.registry.packages import ModelPackages
from localcloud.services.sagemaker.requests.dispatch import Answer, Api, answer, error_answer
from localcloud.services.sagemaker.requests.names import Names
from localcloud.services.sagemaker.requests.tags import Tags
from localcloud.services.sagemaker.store import Document, Store
from localcloud.services.sagemaker.training.jobs import TrainingJobs
from localcloud.services.sagemaker.transform.jobs import TransformJobs

_INVOCATION = re.compile(r"/endpoints/([^/]+)/invocations/?\Z")
RUNTIME_PATH = "/endpoints/"


class SageMaker:
    """The service. Its handlers run on the gateway's event loop."""

    def __init__(
        self,
        platform: Platform,
        images: ImageStore,
        alarms: Alarms,
        publish: Publish,
        *,
        spawn: container.Spawn | None = None,
        caller: Callable[[Mapping[str, str], str], Caller] = caller_of,
    ) -> None:
        self.store = Store(platform.state_dir / "sagemaker" / "records.sqlite")
        self.names = Names(platform.account, platform.region)
        self.tags = Tags(self.store)
        self._platform = platform
        self._caller = caller
        self._spawn = spawn
        roles = Roles(platform, images)
        self.events = Events(platform)
        shared = (self.store, self.names, self.tags, platform)
        volumes = Volumes(platform, find_key)
        self.jobs = TrainingJobs(*shared, roles, self.events, self._start, check_volume=volumes.check)
        self.groups = ModelPackageGroups(*shared)
        self.packages = ModelPackages(*shared, self.groups, self.events)
        self.models = Models(*shared, self.packages.known, Sources(platform, roles, images).check)
        self.configs = EndpointConfigs(*shared, self.models)
        self.faults = Faults(self.store)
        self.measures = Measures(publish)
        self.capture = Capture(platform.clock.now)
        preparer = Preparer(platform, roles, self.packages.known)
        self.transforms = TransformJobs(
            *shared,
            roles,
            self.events,
            self._start,
            find_model=self.models.get,
            preparer=preparer,
            check_volume=volumes.check,
        )
        records = EndpointRecords(*shared, self.events)
        self._live = records.live
        work = Work(records, platform, preparer, self._start, self.faults, self.capture, alarms)
        self.endpoints = Endpoints(
            records, self.names, platform, self.models, self.configs, work, alarms, volumes.check
        )
        self._utilization = Utilization(records.live.values(), publish, platform.clock, platform.state_dir)
        place = Place(platform.account, platform.region)
        self._invoker = Invoker(place, self.endpoints.serving, self.measures, self.capture, self.faults)
        self.apps = MlflowApps(*shared, roles, spawn or popen)
        self._mlflow = MlflowProxy(self.apps)
        self.feature_groups = FeatureGroups(*shared, roles, volumes.check)
        self.offline_store = OfflineStore(self.store, platform.clock, roles)
        self._features = Runtime(
            platform,
            self.names,
            self.feature_groups,
            OnlineStore(self.store),
            self.offline_store,
            find_key,
        )
        hosting = (self.models, self.configs, self.endpoints, self.feature_groups)
        parts = (self.jobs, self.transforms, *hosting, self.groups, self.packages, self.apps, self.tags)
        self.api = Api(self.names, [part.operations() for part in parts])
        self._recovery: asyncio.Future[None] | None = None

    async def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Answer:
        """Answer one request of the control plane or the runtime."""
        invocation = _INVOCATION.match(path)
        if invocation and method == "POST":
            return await self._invoke(unquote(invocation[1]), headers, body)
        if path.startswith(RUNTIME_PATH):
            return error_answer(UnsupportedOperationError(f"{path} is not supported by the embedded cloud"))
        caller = self._caller(headers, self._platform.region)
        if APP_HEADER in headers:
            try:
                return await self._mlflow.forward(method, path, headers, body, query, caller)
            except SageMakerError as error:
                return error_answer(error)
        record = self._features.handle(method, path, body, query, caller)
        if record is not None:
            return record
        target = headers.get("x-amz-target", "")
        if target.startswith(TARGET_PREFIX):
            return self._set_faults(target.rpartition(".")[2], body)
        return self.api.handle(target, body, caller)

    async def recover(self) -> None:
        """Bring back what ran before a restart, once; every request waits for it."""
        if self._recovery is None:
            self._recovery = asyncio.ensure_future(self._recover())
        await asyncio.shield(self._recovery)

    def reset(self) -> None:
        """Forget everything."""
        self.shut_down()
        self.store.clear()

    def shut_down(self) -> None:
        """End every process at once and write out what is buffered."""
        self.endpoints.shut_down()
        self.jobs.shut_down()
        self.transforms.shut_down()
        self.events.shut_down()
        self.offline_store.stop()
        self.measures.stop()
        self._utilization.stop()

    async def _invoke(self, name: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            return await self._invoker.invoke(name, headers, body)
        except SageMakerError as error:
            status, answer_headers, text = error_answer(error)
            document: Document = {**json.loads(text), "Message": error.message}
            # In lower case: this is the runtime's protocol, not the control plane's.
            kind = {
                "content-type": "application/json",
                "x-amzn-errortype": answer_headers["x-amzn-errortype"],
            }
            return status, kind, json.dumps(document).encode()

    async def _recover(self) -> None:
        self.jobs.recover()
        self.transforms.recover()
        self.apps.recover()
        await self.endpoints.recover()
        self._utilization.start()
        self.offline_store.start()

    def _set_faults(self, operation: str, body: bytes) -> Answer:
        try:
            if operation == "PutFleetFaults":
                fleets = [live.current for live in self._live.values() if live.current is not None]
                serving = [fleet.config_name for fleet in fleets]
                return answer(200, self.faults.put(_json(body), serving))
            if operation == "ClearFleetFaults":
                return answer(200, self.faults.clear())
            return answer(200, self.faults.listed())
        except SageMakerError as error:
            return error_answer(error)

    def _start(self, *args: Any, **options: Any) -> Container:
        return container.start(*args, spawn=self._spawn, **options)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as problem:
        raise ValidationError(f"the body is not JSON: {problem}") from None
