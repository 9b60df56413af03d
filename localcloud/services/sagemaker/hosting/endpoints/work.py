"""What is done to endpoints behind the API's back: created, updated, restored, resized and deleted."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from localcloud.services.sagemaker.hosting.deployment.alarms import Alarms
from localcloud.services.sagemaker.hosting.deployment.policy import Policy
from localcloud.services.sagemaker.hosting.deployment.rolling import RollingDeployment
from localcloud.services.sagemaker.hosting.deployment.shift import Deployment, RollbackError, Stage
from localcloud.services.sagemaker.hosting.endpoints.live import LiveEndpoint
from localcloud.services.sagemaker.hosting.endpoints.records import EndpointRecords
from localcloud.services.sagemaker.hosting.fleet.corruption import scrambled_line
from localcloud.services.sagemaker.hosting.fleet.faults import Faults
from localcloud.services.sagemaker.hosting.fleet.fleet import Fleet, FleetError, Variant
from localcloud.services.sagemaker.hosting.fleet.instance import Starter
from localcloud.services.sagemaker.hosting.invocation.capture import Capture
from localcloud.services.sagemaker.hosting.invocation.invoke import LOG_GROUP
from localcloud.services.sagemaker.hosting.models.program import Preparer
from localcloud.services.sagemaker.logs import LogStream
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.store import Document

log = logging.getLogger("localcloud.services.sagemaker")

ROLLING_BACK_SECONDS = 60.0
"""Cloud time that it takes to shift back and drain green: the longest that a request may take. AWS gives no
figure; whoever polls sees RollingBack for about a minute."""


class Work:
    """The work on all endpoints, each a task of the gateway's event loop."""

    def __init__(
        self,
        records: EndpointRecords,
        platform: Platform,
        preparer: Preparer,
        start: Starter,
        faults: Faults,
        capture: Capture,
        alarms: Alarms,
    ) -> None:
        self._records = records
        self._platform = platform
        self._preparer = preparer
        self._start = start
        self._faults = faults
        self._capture = capture
        self._alarms = alarms
        self._directory = platform.state_dir / "sagemaker" / "endpoints"
        self._fleets_made = 0

    def live(self, name: str) -> LiveEndpoint:
        """The running half of an endpoint, made when there is none."""
        found = self._records.live.get(name)
        if found is None:
            clock = self._platform.clock
            found = LiveEndpoint(
                name, self._platform.region, lambda stream: self._log(name, stream), clock.now
            )
            self._records.live[name] = found
        return found

    def begin(self, live: LiveEndpoint, record: Document, work: Coroutine[Any, Any, None]) -> None:
        """Do it in the background; a fault of ours leaves the endpoint in a state that says so."""

        async def guarded() -> None:
            try:
                await work
            except Exception as problem:
                log.exception("endpoint %s", live.name)
                await self._roll_back(live, record, FleetError(f"InternalFailure: {problem!r}"))

        live.task = asyncio.get_running_loop().create_task(guarded())

    async def create(self, live: LiveEndpoint, blueprint: Document, record: Document) -> None:
        """Start the first fleet."""
        try:
            fleet = await self._new_fleet(live, blueprint)
            live.current = fleet
            await fleet.start()
        except FleetError as problem:
            self._records.fail(record, str(problem))
            return
        self._take_over(live, fleet, blueprint)
        self._records.set_status(record, "InService")

    async def restore(self, live: LiveEndpoint, blueprint: Document, record: Document) -> None:
        """Start the fleet again after the cloud was restarted."""
        try:
            fleet = await self._new_fleet(live, blueprint)
            live.current = fleet
            live.capture = blueprint["config"].get("DataCaptureConfig")
            await fleet.start()
        except FleetError as problem:
            self._records.fail(record, str(problem))
            return
        live.traffic.set((fleet, 1.0))

    async def update(self, live: LiveEndpoint, blueprint: Document, record: Document, policy: Policy) -> None:
        """Deploy a green fleet; blue ends when green has all the traffic, or green when it must not."""
        blue = live.current
        try:
            green = await self._new_fleet(live, blueprint)
            live.pending = green
            live.pending_capture = blueprint["config"].get("DataCaptureConfig")
            await self._deploy(live, blue, green, policy, record)
        except (RollbackError, FleetError) as problem:
            await self._roll_back(live, record, problem)
            return
        self._take_over(live, green, blueprint)
        live.pending = live.pending_capture = live.deployment = None
        record["EndpointConfigName"] = green.config_name
        record.pop("PendingEndpointConfigName", None)
        if blue is not None:
            await blue.stop()
        self._records.set_status(record, "InService")

    async def update_weights(self, fleet: Fleet, wanted: list[Document], record: Document) -> None:
        """Change variants' weights and numbers of instances in place."""
        for item in wanted:
            variant = next(found for found in fleet.every if found.name == item["VariantName"])
            variant.weight = item.get("DesiredWeight", variant.weight)
            await fleet.resize(variant.name, item.get("DesiredInstanceCount", variant.count))
        name = record["EndpointName"]
        blueprint = self._records.blueprints.get(name)
        if blueprint is not None:
            # A copy: the endpoint config itself stays as it was created.
            blueprint = {**blueprint, "config": {**blueprint["config"], **_as_configured(fleet)}}
            self._records.blueprints.save(name, blueprint)
        self._records.set_status(record, "InService")

    async def delete(self, live: LiveEndpoint, record: Document) -> None:
        """Finish what is under way, end every container, forget the endpoint."""
        live.traffic.set()
        for fleet in (live.pending, live.current):
            if fleet is not None:
                await fleet.stop()
        await asyncio.to_thread(self._capture.flush)
        self._records.forget(record)

    async def clean(self) -> None:
        """Remove what fleets of an earlier run of the cloud left behind."""
        await asyncio.to_thread(shutil.rmtree, self._directory, True)

    async def _deploy(
        self, live: LiveEndpoint, blue: Fleet | None, green: Fleet, policy: Policy, record: Document
    ) -> None:
        if blue is None or not blue.ready.is_set():
            await green.start()
            return

        def report(stage: Stage) -> None:
            live.report(stage)
            self._records.deployment_changed(record)

        common = (self._platform.clock, self._alarms.in_alarm, report)
        live.deployment = (
            RollingDeployment(blue, green, live.traffic, policy, policy.batches, *common)
            if policy.batches
            else Deployment(blue, green, live.traffic, policy, *common)
        )
        await live.deployment.run()

    async def _roll_back(self, live: LiveEndpoint, record: Document, problem: Exception) -> None:
        """All traffic on blue, no green any more; SageMaker gives no reason when an alarm was it."""
        self._records.set_status(record, "RollingBack")
        log.info("endpoint %s rolls back: %s", live.name, problem)
        restored = await self._restore(live, record)
        draining = self._platform.clock.async_sleep(ROLLING_BACK_SECONDS)
        if live.pending is not None:
            await asyncio.gather(draining, live.pending.stop())
        else:
            await draining
        live.pending = live.pending_capture = live.deployment = None
        record.pop("PendingEndpointConfigName", None)
        if restored and getattr(problem, "alarm", None) is None:
            record["FailureReason"] = str(problem)[:1024]
        usable = live.current is not None and live.current.ready.is_set()
        status = "InService" if restored else "UpdateRollbackFailed"
        self._records.set_status(record, status if usable else "Failed")

    async def _restore(self, live: LiveEndpoint, record: Document) -> bool:
        """Blue whole and with all the traffic; False where it can't be brought back."""
        try:
            if live.deployment is not None:
                await live.deployment.restore()
        except FleetError as problem:
            record["FailureReason"] = str(problem)[:1024]
            return False
        finally:
            if live.current is not None:
                live.traffic.set((live.current, 1.0))
        return True

    def _take_over(self, live: LiveEndpoint, fleet: Fleet, blueprint: Document) -> None:
        live.current = fleet
        live.capture = blueprint["config"].get("DataCaptureConfig")
        live.traffic.set((fleet, 1.0))
        self._records.blueprints.save(live.name, blueprint)

    async def _new_fleet(self, live: LiveEndpoint, blueprint: Document) -> Fleet:
        """A fleet that is prepared and not started; raises FleetError."""
        config = blueprint["config"]
        self._fleets_made += 1
        directory = self._directory / f"{live.name}-{self._fleets_made}"
        variants = []
        shadows = config.get("ShadowProductionVariants", [])
        for variant in [*config["ProductionVariants"], *shadows]:
            model = blueprint["models"][variant["ModelName"]]
            place = directory / variant["VariantName"]
            program = await asyncio.to_thread(self._preparer.prepare, model, place)
            weight = variant["InitialVariantWeight"]
            variants.append(Variant(variant, program, weight, is_shadow=variant in shadows))
        return self._fleet(live.name, config["EndpointConfigName"], variants, directory)

    def _fleet(self, endpoint: str, config_name: str, variants: list[Variant], directory: Path) -> Fleet:
        models = {variant.name: str(variant.config["ModelName"]) for variant in variants}

        def may_pass(variant: Variant) -> bool:
            return not self._faults.of(config_name, models[variant.name]).no_ping

        def log_of(variant: str, instance: str) -> LogStream:
            def as_said(line: str) -> str:
                is_nonsense = self._faults.of(config_name, models[variant]).nonsense
                return scrambled_line(line) if is_nonsense else line

            return self._log(endpoint, f"{variant}/{instance}", as_said)

        return Fleet(
            config_name,
            variants,
            directory,
            self._platform.clock,
            self._start,
            log_of,
            may_pass,
        )

    def _log(
        self, endpoint: str, stream: str, rewrite: Callable[[str], str] = lambda line: line
    ) -> LogStream:
        return LogStream(self._platform, f"{LOG_GROUP}/{endpoint}", stream, rewrite=rewrite)


def _as_configured(fleet: Fleet) -> Document:
    """The members of an endpoint config that describe the fleet as it is now."""

    def configured(variant: Variant) -> Document:
        return {**variant.config, "InitialVariantWeight": variant.weight}

    shadows = {"ShadowProductionVariants": [configured(fleet.shadow)]} if fleet.shadow else {}
    return {"ProductionVariants": [configured(one) for one in fleet.variants.values()], **shadows}
