"""CreateTrainingJob and its kin: the records of training jobs, and a thread for each that runs."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from localcloud.containers.container import Container
from localcloud.services.sagemaker import jobs
from localcloud.services.sagemaker.access.caller import Caller, pass_role
from localcloud.services.sagemaker.access.roles import Roles, split_uri
from localcloud.services.sagemaker.errors import (
    UnsupportedOperationError,
    ValidationError,
)
from localcloud.services.sagemaker.events import Events
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.requests.names import Names
from localcloud.services.sagemaker.requests.tags import Operation, Tags
from localcloud.services.sagemaker.store import Document, Store
from localcloud.services.sagemaker.training.run import STOP_GRACE_SECONDS, Ending, Steps, TrainingRun

DEFAULT_MAX_RUNTIME_SECONDS = 86_400
INSTANCES = max(2, os.cpu_count() or 1)
"""Jobs that run at once: more would only slow each other down, and this machine with them."""
_CAPACITY_POLL_SECONDS = 0.2


class TrainingJobs:
    """All training jobs of the account."""

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
        stop_grace_seconds: float = STOP_GRACE_SECONDS,
        check_volume: Callable[[str | None, Caller, Mapping[str, str]], None] = lambda key, caller, role: (
            None
        ),
    ) -> None:
        """`check_volume` refuses a caller and a role that may not have the disk encrypted with a key."""
        self._table = store.table("training-job")
        self._names = names
        self._tags = tags
        self._platform = platform
        self._roles = roles
        self._events = events
        self._start = start
        self._stop_grace = stop_grace_seconds
        self._check_volume = check_volume
        self._lock = threading.RLock()
        self._ended = threading.Condition(self._lock)
        self._runs: dict[str, TrainingRun] = {}
        self._instances = threading.BoundedSemaphore(INSTANCES)
        self._directory = platform.state_dir / "sagemaker" / "training"
        self._closing = False

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateTrainingJob": self.create,
            "DescribeTrainingJob": self.describe,
            "ListTrainingJobs": self.list,
            "StopTrainingJob": self.stop,
        }

    def create(self, request: Document, caller: Caller) -> Document:
        """Record the job and start its thread."""
        name = request["TrainingJobName"]
        arn = self._names.arn("training-job", name)
        pass_role(caller, request["RoleArn"])
        _check_supported(request)
        with self._lock:
            jobs.check_new(self._table, name, arn)
            role = self._roles.environment(request["RoleArn"], arn)
            self._check_volume(request["ResourceConfig"].get("VolumeKmsKeyId"), caller, role)
            record = self._table.save(name, self._new_record(request, arn))
            self._tags.create(arn, request.get("Tags"))
            self._start_thread(record)
        self._emit(record)
        return {"TrainingJobArn": arn}

    def describe(self, request: Document, caller: Caller) -> Document:
        return dict(self._known(request["TrainingJobName"]))

    def list(self, request: Document, caller: Caller) -> Document:
        listing = jobs.listing("Training", "LastModifiedTime", "SecondaryStatus")
        return listing.page(self._table, request)

    def stop(self, request: Document, caller: Caller) -> Document:
        """Ask a job to stop; its thread saves what there is."""
        with self._lock:
            record = self._known(request["TrainingJobName"])
            jobs.check_running("training", record["TrainingJobStatus"])
            record["TrainingJobStatus"] = "Stopping"
            self._transition(record, "Stopping", "Stopping the training job")
            run = self._runs.get(record["TrainingJobName"])
        if run is not None:
            run.stop()
        return {}

    def wait(self, name: str, should_stop: Callable[[], bool], poll_seconds: float = 0.25) -> Document:
        """Block until the job has ended or `should_stop()`; its record."""
        with self._lock:
            while True:
                record = self._known(name)
                if record["TrainingJobStatus"] in jobs.ENDED or should_stop():
                    return dict(record)
                self._ended.wait(poll_seconds)

    def recover(self) -> None:
        """After a restart: a job that was running lost its instance, and is tried again if it may be."""
        shutil.rmtree(self._directory, ignore_errors=True)
        for record in self._table:
            if record["TrainingJobStatus"] in jobs.ENDED:
                continue
            if record["TrainingJobStatus"] == "Stopping":
                self._end(record, Ending("Stopped", "Stopped", "Training job stopped"), 1.0)
            elif self._may_retry(record, jobs.LOST):
                self._restart(record)
                self._start_thread(record)
            else:
                self._end(record, Ending("Failed", "Failed", "Training job failed", jobs.LOST), 1.0)

    def shut_down(self) -> None:
        """Kill what runs; its record says that it was running, for a restart to find."""
        with self._lock:
            self._closing = True
            runs = list(self._runs.values())
        for run in runs:
            run.kill()

    def _job_directory(self, name: str) -> Path:
        directory = self._directory / name
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def _start_thread(self, record: Document) -> None:
        name = record["TrainingJobName"]
        run = self._new_run(record)
        threading.Thread(target=self._run, args=(name, run), name=f"training-{name}", daemon=True).start()

    def _new_run(self, record: Document) -> TrainingRun:
        name = record["TrainingJobName"]
        run = self._runs[name] = TrainingRun(
            record,
            self._platform,
            self._roles,
            self._job_directory(name),
            stop_grace=self._stop_grace,
            start=self._start,
        )
        return run

    def _run(self, name: str, run: TrainingRun) -> None:
        record = self._known(name)
        while True:
            has_instance = self._await_instance(run)
            try:
                ending = run.run(Steps(self._progress(record), self._metric(record)))
            finally:
                if has_instance:
                    self._instances.release()
            with self._lock:
                self._runs.pop(name, None)
                if self._closing:
                    return
                if run.stopping or not self._may_retry(record, ending.failure_reason or ""):
                    self._end(record, ending, run.training_seconds)
                    return
                self._restart(record)
                run = self._new_run(record)

    def _may_retry(self, record: Document, reason: str) -> bool:
        """RetryStrategy: how often a job is tried again that failed by an InternalServerError.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_RetryStrategy.html
        """
        allowed = record.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0)
        tried = sum(step["Status"] == "Restarting" for step in record["SecondaryStatusTransitions"])
        return reason.startswith("InternalServerError") and tried < int(allowed)

    def _restart(self, record: Document) -> None:
        self._transition(record, "Restarting", "Restarting the training job after an internal error")

    def _await_instance(self, run: TrainingRun) -> bool:
        """Wait, as a job does on AWS when capacity is short; False when it was stopped meanwhile."""
        while not run.stopping:
            if self._instances.acquire(timeout=_CAPACITY_POLL_SECONDS):
                return True
        return False

    def _progress(self, record: Document) -> Callable[[str, str], None]:
        def progress(secondary: str, message: str) -> None:
            with self._lock:
                if secondary == "Training":
                    record["TrainingStartTime"] = self._platform.clock.now()
                if record["TrainingJobStatus"] != "Stopping":
                    self._transition(record, secondary, message)
            self._emit(record)

        return progress

    def _metric(self, record: Document) -> Callable[[str, float], None]:
        def metric(name: str, value: float) -> None:
            now = self._platform.clock.now()
            with self._lock:
                kept = [item for item in record["FinalMetricDataList"] if item["MetricName"] != name]
                newest = {"MetricName": name, "Value": value, "Timestamp": now}
                record["FinalMetricDataList"] = [*kept, newest][-40:]
            dimensions = {"TrainingJobName": record["TrainingJobName"]}
            self._platform.put_metric("/aws/sagemaker/TrainingJobs", name, value, dimensions=dimensions)

        return metric

    def _end(self, record: Document, ending: Ending, training_seconds: float) -> None:
        with self._lock:
            record["TrainingJobStatus"] = ending.status
            record["TrainingEndTime"] = self._platform.clock.now()
            if "TrainingStartTime" in record:
                record["TrainingTimeInSeconds"] = max(1, round(training_seconds))
                record["BillableTimeInSeconds"] = max(1, round(training_seconds))
            if ending.failure_reason:
                record["FailureReason"] = ending.failure_reason
            self._transition(record, ending.secondary, ending.message)
            self._ended.notify_all()
        self._emit(record)

    def _transition(self, record: Document, secondary: str, message: str) -> None:
        now = self._platform.clock.now()
        transitions = record["SecondaryStatusTransitions"]
        if transitions:
            transitions[-1]["EndTime"] = now
        transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": message})
        if secondary in ("Completed", "Failed", "Stopped", "MaxRuntimeExceeded"):
            transitions[-1]["EndTime"] = now
        record["SecondaryStatus"] = secondary
        record["LastModifiedTime"] = now
        self._table.save(record["TrainingJobName"], record)

    def _new_record(self, request: Document, arn: str) -> Document:
        now = self._platform.clock.now()
        name = request["TrainingJobName"]
        output = request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        split_uri(output)
        kept = {key: value for key, value in request.items() if key != "Tags"}
        condition = {
            "MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME_SECONDS,
            **request.get("StoppingCondition", {}),
        }
        start = {
            "Status": "Starting",
            "StartTime": now,
            "StatusMessage": "Preparing the instances for training",
        }
        return {
            **kept,
            "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
            "EnableInterContainerTrafficEncryption": False,
            "EnableManagedSpotTraining": request.get("EnableManagedSpotTraining", False),
            "TrainingJobArn": arn,
            "ModelArtifacts": {"S3ModelArtifacts": f"{output}/{name}/output/model.tar.gz"},
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Starting",
            "StoppingCondition": condition,
            "CreationTime": now,
            "LastModifiedTime": now,
            "SecondaryStatusTransitions": [start],
            "FinalMetricDataList": [],
        }

    def _known(self, name: str) -> Document:
        record = self._table.get(name)
        if record is None:
            raise ValidationError("Requested resource not found.")
        return record

    def _emit(self, record: Document) -> None:
        arn = record["TrainingJobArn"]
        self._events.state_change("Training Job", arn, record, self._tags.of(arn))


def _check_supported(request: Document) -> None:
    resources = request.get("ResourceConfig")
    algorithm = request.get("AlgorithmSpecification")
    if resources is None or algorithm is None:
        raise ValidationError("AlgorithmSpecification and ResourceConfig are required for a training job")
    if "TrainingImage" not in algorithm:
        raise UnsupportedOperationError("A training job needs TrainingImage: AlgorithmName is not embedded")
    if resources.get("InstanceCount", 1) != 1:
        raise UnsupportedOperationError("The embedded cloud trains on one instance: set InstanceCount to 1")
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource", {})
        mode = channel.get("InputMode", algorithm.get("TrainingInputMode", "File"))
        if source.get("S3DataType") != "S3Prefix" or mode != "File":
            raise UnsupportedOperationError(
                f"Channel {channel['ChannelName']}: the embedded cloud has S3Prefix in File mode only"
            )
