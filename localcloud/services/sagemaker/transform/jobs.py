"""CreateTransformJob and its kin: the records of transform jobs, and a thread for each that runs."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from localcloud.containers.container import Container
from localcloud.services.sagemaker import jobs
from localcloud.services.sagemaker.access.caller import Caller
from localcloud.services.sagemaker.access.roles import Roles
from localcloud.services.sagemaker.errors import ResourceNotFoundError, ValidationError
from localcloud.services.sagemaker.events import Events
from localcloud.services.sagemaker.hosting.models.program import Preparer
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.requests.names import Names
from localcloud.services.sagemaker.requests.tags import Operation, Tags
from localcloud.services.sagemaker.store import Document, Store
from localcloud.services.sagemaker.transform import plan as plans
from localcloud.services.sagemaker.transform.run import StoppedError, TransformRun


class TransformJobs:
    """All transform jobs of the account."""

    def __init__(
        self,
        store: Store,
        names: Names,
        tags: Tags,
        platform: Platform,
        roles: Roles,
        events: Events,
        start: Callable[..., Container],
        *,
        find_model: Callable[[str], Document | None],
        preparer: Preparer,
        check_volume: Callable[[str | None, Caller, Mapping[str, str] | None], None],
    ) -> None:
        """`find_model` gives the record of a model; `check_volume` refuses a disk's key."""
        self._table = store.table("transform-job")
        self._names, self._tags, self._platform, self._roles = names, tags, platform, roles
        self._events, self._start = events, start
        self._find_model, self._preparer, self._check_volume = find_model, preparer, check_volume
        self._lock = threading.RLock()
        self._runs: dict[str, TransformRun] = {}
        self._directory = platform.state_dir / "sagemaker" / "transform"
        self._closing = False

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateTransformJob": self.create,
            "DescribeTransformJob": self.describe,
            "ListTransformJobs": self.list,
            "StopTransformJob": self.stop,
        }

    def create(self, request: Document, caller: Caller) -> Document:
        """Record the job and start its thread."""
        name = request["TransformJobName"]
        arn = self._names.arn("transform-job", name)
        plan = plans.read(request)
        model = self._find_model(request["ModelName"])
        if model is None:
            raise ValidationError(f'Could not find model "{self._names.arn("model", request["ModelName"])}".')
        with self._lock:
            jobs.check_new(self._table, name, arn)
            role = self._roles.environment(model["ExecutionRoleArn"], model["ModelArn"])
            self._check_volume(request["TransformResources"].get("VolumeKmsKeyId"), caller, role)
            record = {key: value for key, value in request.items() if key != "Tags"}
            record |= {
                "TransformJobArn": arn,
                "TransformJobStatus": "InProgress",
                "CreationTime": self._platform.clock.now(),
            }
            self._table.save(name, record)
            self._tags.create(arn, request.get("Tags"))
            run = self._runs[name] = self._new_run(record, dict(model), plan)
        threading.Thread(target=self._run, args=(name, run), name=f"transform-{name}", daemon=True).start()
        self._emit(record)
        return {"TransformJobArn": arn}

    def describe(self, request: Document, caller: Caller) -> Document:
        return dict(self._known(request["TransformJobName"]))

    def list(self, request: Document, caller: Caller) -> Document:
        listing = jobs.listing("Transform", "FailureReason")
        return listing.page(self._table, request)

    def stop(self, request: Document, caller: Caller) -> Document:
        """Ask a job to stop; what it has written stays away from S3, object by object."""
        with self._lock:
            record = self._known(request["TransformJobName"])
            jobs.check_running("transform", record["TransformJobStatus"])
            record["TransformJobStatus"] = "Stopping"
            self._table.save(record["TransformJobName"], record)
            run = self._runs.get(record["TransformJobName"])
        if run is not None:
            run.stop()
        return {}

    def recover(self) -> None:
        """After a restart: a job that was running lost its instance."""
        shutil.rmtree(self._directory, ignore_errors=True)
        for record in self._table:
            if record["TransformJobStatus"] == "Stopping":
                self._end(record, "Stopped")
            elif record["TransformJobStatus"] not in jobs.ENDED:
                self._end(record, "Failed", jobs.LOST)

    def shut_down(self) -> None:
        """Kill what runs; its record says that it was running, for a restart to find."""
        with self._lock:
            self._closing = True
            runs = list(self._runs.values())
        for run in runs:
            run.kill()

    def _new_run(self, record: Document, model: Document, plan: plans.TransformPlan) -> TransformRun:
        directory: Path = self._directory / record["TransformJobName"]
        directory.mkdir(parents=True, exist_ok=True)
        return TransformRun(
            record,
            plan,
            self._platform,
            directory,
            prepare=partial(self._preparer.prepare, model),
            role=partial(self._roles.assume, model["ExecutionRoleArn"], model["ModelArn"]),
            start=self._start,
        )

    def _run(self, name: str, run: TransformRun) -> None:
        record = self._known(name)
        try:
            failure = run.run(partial(self._started, record))
            status = "Failed" if failure else "Completed"
        except StoppedError:
            failure, status = "", "Stopped"
        with self._lock:
            self._runs.pop(name, None)
            if not self._closing:
                self._end(record, "Stopped" if run.stopping else status, failure)

    def _started(self, record: Document) -> None:
        with self._lock:
            record["TransformStartTime"] = self._platform.clock.now()
            self._table.save(record["TransformJobName"], record)
        self._emit(record)

    def _end(self, record: Document, status: str, failure: str = "") -> None:
        now = self._platform.clock.now()
        record["TransformJobStatus"] = status
        record.setdefault("TransformStartTime", now)
        record["TransformEndTime"] = now
        if failure and status == "Failed":
            record["FailureReason"] = failure[:1024]
        self._table.save(record["TransformJobName"], record)
        self._emit(record)

    def _known(self, name: str) -> Document:
        record = self._table.get(name)
        if record is None:
            raise ResourceNotFoundError(f"Could not find transform job {name!r}.")
        return record

    def _emit(self, record: Document) -> None:
        arn = record["TransformJobArn"]
        self._events.state_change("Transform Job", arn, record, self._tags.of(arn))
