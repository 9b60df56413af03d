"""CreateEndpoint and its kin: the records of endpoints, and the work that brings each to what is asked."""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from localcloud.sagemaker.alarms import Alarms
from localcloud.sagemaker.errors import UnsupportedOperationError, ValidationError
from localcloud.sagemaker.events import Events
from localcloud.sagemaker.hosting.capture import Capture
from localcloud.sagemaker.hosting.deployment import Deployment, RollbackError
from localcloud.sagemaker.hosting.faults import Faults
from localcloud.sagemaker.hosting.fleet import Fleet, FleetError, Variant
from localcloud.sagemaker.hosting.instance import Starter
from localcloud.sagemaker.hosting.invoke import LOG_GROUP
from localcloud.sagemaker.hosting.live import LiveEndpoint
from localcloud.sagemaker.hosting.models import EndpointConfigs, Models
from localcloud.sagemaker.hosting.policy import Policy, read_policy
from localcloud.sagemaker.hosting.prepare import Preparer
from localcloud.sagemaker.iam import Caller
from localcloud.sagemaker.listing import Listing, pick
from localcloud.sagemaker.logs import LogStream
from localcloud.sagemaker.names import Names
from localcloud.sagemaker.platform import Platform
from localcloud.sagemaker.store import Document, Store
from localcloud.sagemaker.tags import Operation, Tags

log = logging.getLogger("localcloud.sagemaker")

IN_PROGRESS = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
_SPELLED = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Endpoints:
    """All endpoints of the account. Everything here runs on the gateway's event loop."""

    def __init__(
        self,
        store: Store,
        names: Names,
        tags: Tags,
        platform: Platform,
        models: Models,
        configs: EndpointConfigs,
        preparer: Preparer,
        events: Events,
        start: Starter,
        faults: Faults,
        capture: Capture,
        alarms: Alarms,
    ) -> None:
        self._table = store.table("endpoint")
        self._blueprints = store.table("endpoint-blueprint")
        """What each endpoint serves, whatever becomes of its config and models."""
        self._names = names
        self._tags = tags
        self._platform = platform
        self._models = models
        self._configs = configs
        self._preparer = preparer
        self._events = events
        self._start = start
        self._faults = faults
        self._capture = capture
        self._alarms = alarms
        self._live: dict[str, LiveEndpoint] = {}
        self._directory = platform.state_dir / "sagemaker" / "endpoints"
        self._fleets_made = 0
        configs.in_use = self._user_of

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateEndpoint": self.create,
            "UpdateEndpoint": self.update,
            "UpdateEndpointWeightsAndCapacities": self.update_weights,
            "DescribeEndpoint": self.describe,
            "ListEndpoints": self.list_all,
            "DeleteEndpoint": self.delete,
        }

    def serving(self, name: str) -> LiveEndpoint | None:
        """The endpoint for InvokeEndpoint: one that has been in service."""
        record = self._table.get(name)
        if record is None or record["EndpointStatus"] in ("Creating", "Failed", "Deleting"):
            return None
        return self._live.get(name)

    def create(self, request: Document, caller: Caller) -> Document:
        name = request["EndpointName"]
        arn = self._names.arn("endpoint", name)
        if name in self._table:
            raise ValidationError(f'Cannot create already existing endpoint "{arn}".')
        config = self._config_for("CreateEndpoint", request, caller)
        blueprint = self._blueprint(config)
        read_policy(request.get("DeploymentConfig"), _instances(config))
        now = self._platform.clock.now()
        record = {
            "EndpointName": name,
            "EndpointArn": arn,
            "EndpointConfigName": config["EndpointConfigName"],
            "EndpointStatus": "Creating",
            "CreationTime": now,
            "LastModifiedTime": now,
        }
        self._table.save(name, record)
        self._tags.create(arn, request.get("Tags"))
        live = self._live[name] = self._new_live(name)
        self._emit(record)
        self._work(live, self._create(live, blueprint, record))
        return {"EndpointArn": arn}

    def update(self, request: Document, caller: Caller) -> Document:
        record = self._known(request["EndpointName"])
        config = self._config_for("UpdateEndpoint", request, caller)
        self._refuse_in_progress(record)
        if request.get("RetainAllVariantProperties") or request.get("ExcludeRetainedVariantProperties"):
            raise UnsupportedOperationError(
                "RetainAllVariantProperties is not supported by the embedded cloud"
            )
        deployment = request.get("DeploymentConfig")
        if request.get("RetainDeploymentConfig"):
            deployment = record.get("LastDeploymentConfig")
        blueprint = self._blueprint(config)
        policy = read_policy(deployment, _instances(config))
        live = self._live[record["EndpointName"]]
        self._check_variants(live, config)
        self._alarms.require(policy.alarms)
        if deployment:
            record["LastDeploymentConfig"] = deployment
        record.pop("FailureReason", None)
        record["PendingEndpointConfigName"] = config["EndpointConfigName"]
        record["PendingStartTime"] = self._platform.clock.now()
        self._set_status(record, "Updating")
        self._work(live, self._update(live, blueprint, record, policy))
        return {"EndpointArn": record["EndpointArn"]}

    def update_weights(self, request: Document, caller: Caller) -> Document:
        record = self._known(request["EndpointName"])
        self._refuse_in_progress(record)
        live = self._live[record["EndpointName"]]
        fleet = live.current
        wanted = request["DesiredWeightsAndCapacities"]
        for item in wanted:
            if fleet is None or item["VariantName"] not in fleet.variants:
                raise ValidationError(f'The variant "{item["VariantName"]}" is not of this endpoint.')
        self._set_status(record, "Updating")
        self._work(live, self._update_weights(fleet, wanted, record))
        return {"EndpointArn": record["EndpointArn"]}

    def describe(self, request: Document, caller: Caller) -> Document:
        return self._description(self._known(request["EndpointName"]))

    def list_all(self, request: Document, caller: Caller) -> Document:
        members = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")
        listing = Listing(
            "Endpoints",
            lambda record: pick(record, members),
            name="EndpointName",
            sort_by={
                "CreationTime": "CreationTime",
                "Name": "EndpointName",
                "Status": "EndpointStatus",
            },
            equal={"StatusEquals": "EndpointStatus"},
        )
        return listing.page(self._table, request)

    def delete(self, request: Document, caller: Caller) -> Document:
        record = self._known(request["EndpointName"])
        self._refuse_in_progress(record)
        self._set_status(record, "Deleting")
        name = record["EndpointName"]
        live = self._live.setdefault(name, self._new_live(name))
        self._work(live, self._delete(live, record))
        return {}

    async def recover(self) -> None:
        """After a restart: endpoints serve again, and an update that was not done is rolled back."""
        await asyncio.to_thread(shutil.rmtree, self._directory, True)
        for record in self._table:
            name, status = record["EndpointName"], record["EndpointStatus"]
            blueprint = self._blueprints.get(name)
            live = self._live[name] = self._new_live(name)
            record.pop("PendingEndpointConfigName", None)
            if status == "Deleting":
                self._work(live, self._delete(live, record))
            elif blueprint is None:
                record["FailureReason"] = "The embedded cloud was restarted while the endpoint was created."
                self._set_status(record, "Failed")
            else:
                record["EndpointConfigName"] = blueprint["config"]["EndpointConfigName"]
                self._set_status(record, "InService")
                self._work(live, self._restore(live, blueprint, record))

    def shut_down(self) -> None:
        """End every container at once; may be called from any thread."""
        for live in list(self._live.values()):
            for fleet in (live.current, live.pending):
                if fleet is not None:
                    fleet.kill()

    async def _create(self, live: LiveEndpoint, blueprint: Document, record: Document) -> None:
        try:
            fleet = await self._new_fleet(live, blueprint)
            live.current = fleet
            await fleet.start()
        except FleetError as problem:
            record["FailureReason"] = str(problem)
            self._set_status(record, "Failed")
            return
        self._take_over(live, fleet, blueprint)
        self._set_status(record, "InService")

    async def _restore(self, live: LiveEndpoint, blueprint: Document, record: Document) -> None:
        try:
            fleet = await self._new_fleet(live, blueprint)
            live.current = fleet
            live.capture = blueprint["config"].get("DataCaptureConfig")
            await fleet.start()
        except FleetError as problem:
            record["FailureReason"] = str(problem)
            self._set_status(record, "Failed")
            return
        live.traffic.set((fleet, 1.0))

    async def _update(
        self, live: LiveEndpoint, blueprint: Document, record: Document, policy: Policy
    ) -> None:
        blue = live.current
        try:
            green = await self._new_fleet(live, blueprint)
            live.pending = green
            live.pending_capture = blueprint["config"].get("DataCaptureConfig")
            if blue is None or not blue.ready.is_set():
                await green.start()
            else:
                deployment = Deployment(
                    blue,
                    green,
                    live.traffic,
                    policy,
                    self._platform.clock,
                    self._alarms.in_alarm,
                    live.report,
                )
                await deployment.run()
        except (RollbackError, FleetError) as problem:
            await self._roll_back(live, record, problem)
            return
        self._take_over(live, green, blueprint)
        live.pending = live.pending_capture = None
        record["EndpointConfigName"] = green.config_name
        record.pop("PendingEndpointConfigName", None)
        if blue is not None:
            await blue.stop()
        self._set_status(record, "InService")

    async def _roll_back(self, live: LiveEndpoint, record: Document, problem: Exception) -> None:
        """Traffic is on blue already; SageMaker gives no reason when an alarm was it."""
        self._set_status(record, "RollingBack")
        alarm = getattr(problem, "alarm", None)
        log.info("endpoint %s rolls back: %s", live.name, problem)
        if live.pending is not None:
            await live.pending.stop()
        live.pending = live.pending_capture = None
        record.pop("PendingEndpointConfigName", None)
        if alarm is None:
            record["FailureReason"] = str(problem)[:1024]
        usable = live.current is not None and live.current.ready.is_set()
        self._set_status(record, "InService" if usable else "Failed")

    async def _update_weights(self, fleet: Fleet | None, wanted: list[Document], record: Document) -> None:
        for item in wanted:
            if fleet is None:
                break
            variant = fleet.variants[item["VariantName"]]
            variant.weight = item.get("DesiredWeight", variant.weight)
            await fleet.resize(variant.name, item.get("DesiredInstanceCount", variant.count))
        blueprint = self._blueprints.get(record["EndpointName"])
        if blueprint is not None and fleet is not None:
            blueprint["config"]["ProductionVariants"] = [
                {**variant.config, "InitialVariantWeight": variant.weight}
                for variant in fleet.variants.values()
            ]
            self._blueprints.save(record["EndpointName"], blueprint)
        self._set_status(record, "InService")

    async def _delete(self, live: LiveEndpoint, record: Document) -> None:
        live.traffic.set()
        for fleet in (live.pending, live.current):
            if fleet is not None:
                await fleet.stop()
        await asyncio.to_thread(self._capture.flush)
        name = record["EndpointName"]
        self._live.pop(name, None)
        self._blueprints.delete(name)
        self._tags.forget(record["EndpointArn"])
        self._table.delete(name)
        self._emit({**record, "EndpointStatus": "Deleted"})

    def _take_over(self, live: LiveEndpoint, fleet: Fleet, blueprint: Document) -> None:
        live.current = fleet
        live.capture = blueprint["config"].get("DataCaptureConfig")
        live.traffic.set((fleet, 1.0))
        self._blueprints.save(live.name, blueprint)

    async def _new_fleet(self, live: LiveEndpoint, blueprint: Document) -> Fleet:
        """A fleet that is prepared and not started; raises FleetError."""
        config = blueprint["config"]
        self._fleets_made += 1
        directory = self._directory / f"{live.name}-{self._fleets_made}"
        variants = []
        for variant in config["ProductionVariants"]:
            model = blueprint["models"][variant["ModelName"]]
            place = directory / variant["VariantName"]
            program = await asyncio.to_thread(self._preparer.prepare, model, place)
            variants.append(Variant(variant, program, variant["InitialVariantWeight"]))
        return self._fleet(live.name, config["EndpointConfigName"], variants, directory)

    def _fleet(self, endpoint: str, config_name: str, variants: list[Variant], directory: Path) -> Fleet:
        def may_pass(variant: Variant) -> bool:
            return not self._faults.of(config_name, variant.config["ModelName"]).no_ping

        return Fleet(
            config_name,
            variants,
            directory,
            self._platform.clock,
            self._start,
            lambda variant, instance: self._log(endpoint, f"{variant}/{instance}"),
            may_pass,
        )

    def _new_live(self, name: str) -> LiveEndpoint:
        return LiveEndpoint(
            name,
            self._platform.region,
            lambda stream: self._log(name, stream),
            self._platform.clock.now,
        )

    def _log(self, endpoint: str, stream: str) -> LogStream:
        return LogStream(self._platform, f"{LOG_GROUP}/{endpoint}", stream)

    def _work(self, live: LiveEndpoint, work: Coroutine[Any, Any, None]) -> None:
        live.task = asyncio.get_running_loop().create_task(self._guarded(live.name, work))

    async def _guarded(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """A fault of ours leaves the endpoint in a state that says so."""
        try:
            await work
        except Exception as problem:
            log.exception("endpoint %s", name)
            record = self._table.get(name)
            if record is not None:
                record["FailureReason"] = f"InternalFailure: {problem!r}"[:1024]
                self._set_status(record, "Failed")

    def _config_for(self, operation: str, request: Document, caller: Caller) -> Document:
        name = request["EndpointConfigName"]
        caller.authorize(f"sagemaker:{operation}", self._names.arn("endpoint-config", name))
        return self._configs.known(name)

    def _blueprint(self, config: Document) -> Document:
        """The config and its models as they are now."""
        models = {}
        for variant in config["ProductionVariants"]:
            model = self._models.get(variant["ModelName"])
            if model is None:
                raise ValidationError(
                    f'Could not find model "{self._names.arn("model", variant["ModelName"])}".'
                )
            models[variant["ModelName"]] = model
        return {"config": config, "models": models}

    def _check_variants(self, live: LiveEndpoint, config: Document) -> None:
        if live.current is None:
            return
        wanted = {variant["VariantName"] for variant in config["ProductionVariants"]}
        if wanted.isdisjoint(live.current.variants):
            raise ValidationError(
                f"The new endpoint configuration must keep the endpoint's variant names "
                f"({', '.join(sorted(live.current.variants))}); it has {', '.join(sorted(wanted))}."
            )

    def _refuse_in_progress(self, record: Document) -> None:
        if record["EndpointStatus"] in IN_PROGRESS:
            raise ValidationError(f'Cannot update in-progress endpoint "{record["EndpointArn"]}".')

    def _user_of(self, config_name: str) -> str | None:
        for record in self._table:
            if config_name in (record["EndpointConfigName"], record.get("PendingEndpointConfigName")):
                return str(record["EndpointName"])
        return None

    def _known(self, name: str) -> Document:
        record = self._table.get(name)
        if record is None:
            raise ValidationError(f'Could not find endpoint "{self._names.arn("endpoint", name)}".')
        return record

    def _set_status(self, record: Document, status: str) -> None:
        record["EndpointStatus"] = status
        record["LastModifiedTime"] = self._platform.clock.now()
        self._table.save(record["EndpointName"], record)
        self._emit(record)

    def _description(self, record: Document) -> Document:
        live = self._live.get(record["EndpointName"])
        description = {
            key: value
            for key, value in record.items()
            if key not in ("PendingEndpointConfigName", "PendingStartTime")
        }
        if live is None:
            return description
        if variants := live.variants():
            description["ProductionVariants"] = variants
        if live.capture is not None:
            description["DataCaptureConfig"] = _capture_summary(live.capture)
        if pending := record.get("PendingEndpointConfigName"):
            summary: Document = {"EndpointConfigName": pending, "StartTime": record["PendingStartTime"]}
            if variants := live.pending_variants():
                summary["ProductionVariants"] = variants
            description["PendingDeploymentSummary"] = summary
        return description

    def _emit(self, record: Document) -> None:
        arn = record["EndpointArn"]
        status = _SPELLED.sub("_", record["EndpointStatus"]).upper()
        detail = {**self._description(record), "EndpointStatus": status}
        self._events.state_change("Endpoint", arn, detail, self._tags.of(arn))


def _instances(config: Document) -> int:
    return sum(variant["InitialInstanceCount"] for variant in config["ProductionVariants"])


def _capture_summary(config: Document) -> Document:
    enabled = config.get("EnableCapture", True)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }
