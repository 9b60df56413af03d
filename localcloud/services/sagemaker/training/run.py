"""Runs one training job to its end: data in, container, artefacts out, in its execution role's name."""

from __future__ import annotations

import logging
import re
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from localcloud.containers.container import Container, ContainerSpec
from localcloud.services.sagemaker.access.roles import Role, RoleError, Roles, reason, split_uri
from localcloud.services.sagemaker.errors import SageMakerError
from localcloud.services.sagemaker.logs import LogStream
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.store import Document
from localcloud.services.sagemaker.training.filesystem import MlDirectory, pack

log = logging.getLogger("localcloud.services.sagemaker")
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
STOP_GRACE_SECONDS = 120.0
"""Between SIGTERM and SIGKILL (API reference, StopTrainingJob)."""


@dataclass(frozen=True)
class Ending:
    """How a job ended."""

    status: str
    secondary: str
    message: str
    failure_reason: str | None = None


@dataclass(frozen=True)
class Steps:
    """What the run tells its job."""

    progress: Callable[[str, str], None]
    """A secondary status and its message."""
    metric: Callable[[str, float], None]


class TrainingRun:
    """One job's work, done on its own thread."""

    def __init__(
        self,
        record: Document,
        platform: Platform,
        roles: Roles,
        directory: Path,
        *,
        stop_grace: float,
        start: Callable[..., Container],
    ) -> None:
        self._record = record
        self._platform = platform
        self._roles = roles
        self._directory = directory
        self._ml = MlDirectory(directory / "ml")
        self._stop_grace = stop_grace
        self._start = start
        self._stopping = threading.Event()
        self._container: Container | None = None
        self.training_seconds = 0.0

    @property
    def stopping(self) -> bool:
        """Whether somebody asked for the end."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Ask the container to stop; the run goes on to save what there is."""
        self._stopping.set()
        if self._container is not None:
            self._container.signal(15)

    def kill(self) -> None:
        """End the container at once: the cloud goes down."""
        self._stopping.set()
        if self._container is not None:
            self._container.kill()

    def run(self, steps: Steps) -> Ending:
        """Do the work; never raises for what goes wrong in a job."""
        try:
            return self._run(steps)
        except _JobError as problem:
            return _failed(str(problem))
        except Exception as problem:
            log.exception("training job %s", self._record["TrainingJobName"])
            return _failed(f"InternalServerError: {problem!r}")
        finally:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _run(self, steps: Steps) -> Ending:
        record = self._record
        try:
            role = self._roles.assume(record["RoleArn"], record["TrainingJobArn"])
            if record.get("VpcConfig"):
                self._roles.join_vpc(role, record["VpcConfig"])
            steps.progress("Downloading", "Downloading input data")
            self._ml.prepare(record)
            self._download(role)
            steps.progress("DownloadingTrainingImage", "Downloading the training image")
            image = self._roles.pull(role, record["AlgorithmSpecification"]["TrainingImage"])
        except (RoleError, SageMakerError) as problem:
            raise _JobError(f"ClientError: {problem}") from None
        if self._stopping.is_set():
            return Ending("Stopped", "Stopped", "Training job stopped")
        steps.progress("Training", "Training image download completed. Training in progress.")
        algorithm = record["AlgorithmSpecification"]
        spec = ContainerSpec(
            image,
            record["TrainingJobName"],
            arguments=algorithm.get("ContainerArguments") or ["train"],
            command=algorithm.get("ContainerEntrypoint"),
            env=self._environment(role),
            ml_directory=self._ml.path,
            isolated=bool(record.get("EnableNetworkIsolation")),
        )
        timed_out, code = self._train(spec, steps)
        return self._finish(role, steps, timed_out, code)

    def _environment(self, role: Role) -> dict[str, str]:
        """The job's own variables, and unless it is isolated from the network what lets it call AWS."""
        calls = {**role.environment, "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": self._platform.endpoint_url}
        return {
            **self._record.get("Environment", {}),
            **({} if self._record.get("EnableNetworkIsolation") else calls),
            "TRAINING_JOB_NAME": self._record["TrainingJobName"],
            "TRAINING_JOB_ARN": self._record["TrainingJobArn"],
        }

    def _download(self, role: Role) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        for channel in self._record.get("InputDataConfig", []):
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            try:
                count = self._ml.download(channel, role)
            except (BotoCoreError, ClientError) as problem:
                raise _JobError(f"ClientError: Data download failed:{reason(problem)}") from None
            if not count:
                raise _JobError(
                    f'ClientError: No S3 objects found under S3 URL "{uri}" given in input data source. '
                    f"Please ensure that the bucket exists in the selected region ({self._platform.region}), "
                    f'that objects exist under that S3 prefix, and that the role "{role.arn}" has '
                    '"s3:ListBucket" permissions on the bucket.'
                )

    def _train(self, spec: ContainerSpec, steps: Steps) -> tuple[bool, int]:
        stream = f"{spec.name}/algo-1-{int(self._platform.clock.now())}"
        log = LogStream(self._platform, LOG_GROUP, stream, self._metric_reader(steps))
        started = time.monotonic()
        limit = self._record["StoppingCondition"]["MaxRuntimeInSeconds"]
        self._container = self._start(spec, log.write, work_dir=self._directory / "work")
        if self._stopping.is_set():
            self._container.signal(15)
        code = self._wait(self._container, started + limit)
        timed_out = code is None
        if code is None:
            self._container.terminate(self._stop_grace)
            code = self._container.exit_code or 0
        log.flush()
        self.training_seconds = time.monotonic() - started
        return timed_out, code

    def _wait(self, running: Container, deadline: float) -> int | None:
        """The exit code, or None when the time is over; after a stop the container has its grace."""
        while True:
            left = deadline - time.monotonic()
            code = running.wait(max(0.0, min(left, 0.5)))
            if code is not None:
                return code
            if self._stopping.is_set():
                running.terminate(self._stop_grace)
                return running.exit_code or 0
            if left <= 0:
                return None

    def _metric_reader(self, steps: Steps) -> Callable[[str], None]:
        definitions = self._record["AlgorithmSpecification"].get("MetricDefinitions", [])
        patterns = [(item["Name"], re.compile(item["Regex"])) for item in definitions]

        def read(line: str) -> None:
            for name, pattern in patterns:
                match = pattern.search(line)
                if match and match.groups():
                    try:
                        steps.metric(name, float(match[1]))
                    except ValueError:
                        continue

        return read

    def _finish(self, role: Role, steps: Steps, timed_out: bool, code: int) -> Ending:
        stopped = self._stopping.is_set()
        if code != 0 and not (stopped or timed_out):
            text = f"AlgorithmError: {self._ml.failure()}"[:1000]
            return _failed(f"{text}, exit code: {code}")
        steps.progress("Uploading", "Uploading generated training model")
        self._upload(role)
        if timed_out:
            return Ending(
                "Stopped", "MaxRuntimeExceeded", "Training job runtime exceeded MaxRuntimeInSeconds"
            )
        if stopped:
            return Ending("Stopped", "Stopped", "Training job stopped")
        return Ending("Completed", "Completed", "Training job completed")

    def _upload(self, role: Role) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        config = self._record["OutputDataConfig"]
        bucket, prefix = split_uri(self._record["ModelArtifacts"]["S3ModelArtifacts"].rpartition("/")[0])
        try:
            for source, name in ((self._ml.model, "model.tar.gz"), (self._ml.output_data, "output.tar.gz")):
                archive = self._directory / name
                if pack(source, archive):
                    role.upload(archive, bucket, f"{prefix}/{name}", config.get("KmsKeyId"))
        except (BotoCoreError, ClientError) as problem:
            raise _JobError(f"ClientError: Artifact upload failed:{reason(problem)}") from None


class _JobError(Exception):
    """The job failed; the text is its FailureReason."""


def _failed(text: str) -> Ending:
    return Ending("Failed", "Failed", "Training job failed", text[:1024])
