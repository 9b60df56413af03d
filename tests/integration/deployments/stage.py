"""A deployed pipeline with a champion, and challengers that need no training.

A challenger is the champion's own artefact with other weights, so its answer to PROBE tells who gave it.
Its execution is the pipeline's own definition entered at RegisterModel, under the pipeline's own roles: from
there on everything is as after a training that the gate was content with.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import tarfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from botocore.exceptions import ClientError

from contracts import metrics
from inference.model import artefact
from inference.model.artefact import Artefact, model_hash
from inference.model.predictor import Predictor
from localcloud.containers import archives
from localcloud.services.sagemaker.hosting.fleet.fault_client import FleetFaults
from tests.chaos import datasets
from tests.chaos.cloud import NAMES, ChaosCloud, Ending
from tests.chaos.datasets import Line
from tests.chaos.invariants import Champion, settle, violations
from tests.integration.deployments.traffic import Traffic

PATIENCE_SECONDS = 600.0
POLL_SECONDS = 0.02
PROBE = Line(1).probe()[0]
ENTRY = "RegisterModel"


@dataclass(frozen=True)
class Model:
    """A model that may serve: its training job's name and its answer to PROBE."""

    job: str
    answer: str


@dataclass(frozen=True)
class Ended:
    """How an execution ended."""

    arn: str
    outcome: str
    cause: str
    output: dict[str, Any]


class Stage:
    """What the tests do to the deployed pipeline."""

    def __init__(self, cloud: ChaosCloud) -> None:
        self.cloud = cloud
        self.faults = FleetFaults(cloud.running.environment)
        self.sagemaker = cloud.client("sagemaker")
        self.alarm_period_seconds = 0
        self._states = cloud.client("stepfunctions")
        self._numbers = itertools.count(1)
        self._document: dict[str, Any] = {}
        self._hashes: dict[str, dict[str, str]] = {}  # by training job
        self._machine = ""
        self._artefact: Artefact | None = None
        self.champion = Model("", "")

    # --- setting the scene ----------------------------------------------------------------------------------

    def open(self) -> None:
        """Train and promote the first champion, by an upload."""
        ending = self.cloud.wait(self.cloud.upload("first", datasets.good(1)), PATIENCE_SECONDS)
        assert ending is not None, "the first upload did not end"
        assert ending.outcome == "Promoted", ending.cause
        self._machine = self._add_entry()
        self.adopt(ending)

    def adopt(self, ending: Ending) -> None:
        """Deploy by this document from now on, if its upload took over: older ones are superseded."""
        if ending.outcome == "Promoted":
            self._document = dict(ending.output)
            self._artefact = self._download(self._document["training"]["model_data_uri"])
            self.champion = Model(self._document["training"]["job_name"], _answer(self._artefact))

    def moved_to(self, cloud: ChaosCloud) -> Stage:
        """The same stage on the cloud that was started again with its state."""
        moved = Stage(cloud)
        moved._document, moved._machine = self._document, self._machine
        moved._artefact, moved._numbers = self._artefact, self._numbers
        moved._hashes = self._hashes
        moved.champion, moved.alarm_period_seconds = self.champion, self.alarm_period_seconds
        return moved

    def policy(self, **changes: Any) -> None:
        """Deploy by the stage's policy with these changes from now on."""
        function = NAMES.function("DeployModel")
        lambdas = self.cloud.client("lambda")
        variables = lambdas.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        policy = {**json.loads(variables["DEPLOYMENT_POLICY"]), **changes}
        variables["DEPLOYMENT_POLICY"] = json.dumps(policy)
        lambdas.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
        self.alarm_period_seconds = policy["alarm_period_seconds"]

    # --- deploying ------------------------------------------------------------------------------------------

    def challenger(self, scale: float = 0.0, *, knows_itself: bool = True) -> Model:
        """A model whose answers are `scale` times the champion's; its manifest says so if it knows itself."""
        assert self._artefact is not None
        number = next(self._numbers)
        made = _scaled(self._artefact, scale or 1 + number / 1000, knows_itself)
        job = f"{NAMES.prefix}-{uuid.uuid4().hex[:16]}"
        bucket = self.cloud.outputs["ArtifactBucketName"]
        key = f"training/{job}/output/model.tar.gz"
        packed = _packed(made)
        self.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=packed)
        self._hashes[job] = {
            "archive_hash": hashlib.sha256(packed).hexdigest(),
            "model_hash": made.manifest["model_hash"],
        }
        return Model(job, _answer(made))

    def start(self, model: Model) -> str:
        """Begin to deploy a model that passed the gate; the execution's ARN."""
        document = deepcopy(self._document)
        for key in (
            "registration",
            "approval",
            "lease",
            "deployment",
            "deployment_status",
            "promotion",
            "release",
        ):
            document.pop(key, None)
        for key in ("outcome", "reason"):
            document.pop(key, None)
        bucket = self.cloud.outputs["ArtifactBucketName"]
        document["training"] = {
            "job_name": model.job,
            "model_data_uri": f"s3://{bucket}/training/{model.job}/output/model.tar.gz",
        }
        document["dataset"]["upload_order"] += f"-{next(self._numbers):06}"
        document["evaluation"] |= self._hashes[model.job]
        document["evaluation"]["champion_arn"] = self.package_of(self.champion)["ModelPackageArn"]
        started = self._states.start_execution(
            stateMachineArn=self._machine, name=f"deploy-{model.job}", input=json.dumps(document)
        )
        return str(started["executionArn"])

    def ended(self, arn: str) -> Ended:
        """Wait for an execution's end."""
        self.until(lambda: self.describe(arn)["status"] != "RUNNING", f"{arn} to end")
        found = self.describe(arn)
        output = json.loads(found.get("output") or "{}")
        outcome = output.get("outcome") or found.get("error") or found["status"]
        return Ended(arn, outcome, found.get("cause", ""), output)

    def deploy(self, model: Model) -> Ended:
        return self.ended(self.start(model))

    # --- looking on -----------------------------------------------------------------------------------------

    def describe(self, arn: str) -> dict[str, Any]:
        return dict(self._states.describe_execution(executionArn=arn))

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            time.sleep(POLL_SECONDS)

    def until_baking(self, instances: int, *, of: Model) -> None:
        """Wait until so many instances of a model's green fleet take traffic, and bake."""

        def is_there() -> bool:
            pending = self.cloud.endpoint().get("PendingDeploymentSummary", {})
            variants = pending.get("ProductionVariants", [])
            return pending.get("EndpointConfigName") == of.job and any(
                (variant["VariantStatus"][0]["Status"], variant["CurrentInstanceCount"])
                == ("Baking", instances)
                for variant in variants
            )

        self.until(is_there, f"{instances} instances of {of.job} to bake")

    @contextlib.contextmanager
    def bad_predictions_reported_of(self, model: Model) -> Iterator[None]:
        """An alarm of the name and on the data of the model's own, already in ALARM, until the block ends.

        PutMetricAlarm leaves an existing alarm's state as it is.
        """
        cloudwatch, ended = self.cloud.client("cloudwatch"), threading.Event()
        name = f"{NAMES.rollback_alarm_prefix}{model.job}-predictions"
        metric = {
            "Namespace": NAMES.metric_namespace,
            "MetricName": metrics.PREDICTION_SHIFT,
            "Dimensions": [{"Name": metrics.CONFIG_DIMENSION, "Value": model.job}],
        }

        def report() -> None:
            cloudwatch = self.cloud.running.client("cloudwatch")
            while not ended.wait(0.05):
                # For the period to come, too: without data at its beginning it would not breach.
                moments = (time.time(), time.time() + self.alarm_period_seconds)
                data = [
                    {
                        "MetricName": metrics.PREDICTION_SHIFT,
                        "Dimensions": [{"Name": metrics.CONFIG_DIMENSION, "Value": job}],
                        "Value": value,
                        "Timestamp": moment,
                        "StorageResolution": 1,
                    }
                    for job, value in ((model.job, 1000.0), (self.champion.job, 0.0))
                    for moment in moments
                ]
                cloudwatch.put_metric_data(Namespace=NAMES.metric_namespace, MetricData=data)

        reporter = threading.Thread(target=report)
        reporter.start()
        try:
            cloudwatch.put_metric_alarm(
                AlarmName=name,
                **metric,
                Statistic="Average",
                Period=self.alarm_period_seconds,
                EvaluationPeriods=1,
                Threshold=1.0,
                ComparisonOperator="GreaterThanThreshold",
                TreatMissingData="notBreaching",
            )
            self.until(lambda: self._state_of_alarm(name) == "ALARM", f"{name} to fire")
            yield
        finally:
            ended.set()
            reporter.join()

    def _state_of_alarm(self, name: str) -> str:
        found = self.cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return str(found[0]["StateValue"])

    def traffic(self, rate: float) -> Traffic:
        return Traffic(self.cloud.running.environment, NAMES.endpoint, rate, PROBE)

    def served(self, config: str, metric: str = "Invocations") -> int:
        """The sum of an endpoint metric over all time, of one fleet."""
        dimensions = {
            "EndpointName": NAMES.endpoint,
            "VariantName": "AllTraffic",
            "EndpointConfigName": config,
        }
        answer = self.cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=time.time() - 86_400,
            EndTime=time.time() + 30 * 86_400,
            Period=86_400,
            Statistics=["Sum"],
        )
        return int(sum(point["Sum"] for point in answer["Datapoints"]))

    def package_of(self, model: Model) -> dict[str, Any]:
        return next(
            package
            for package in self.cloud.packages()
            if package["CustomerMetadataProperties"]["training_job_name"] == model.job
        )

    def assert_nothing_left(self, serving: Model) -> None:
        """`serving` is champion and answers; nothing moves, and nothing is there that belongs to nobody."""
        problems = settle(self.cloud, PATIENCE_SECONDS)
        problems += violations(self.cloud, Champion(serving.job, _Answering(serving.answer)))  # type: ignore[arg-type]
        assert not problems, "; ".join(problems)

    def assert_no_trace_of(self, model: Model) -> None:
        """Neither config nor model nor alarm nor alias of a model that went."""
        assert model.job not in self.cloud.configs() | self.cloud.models()
        assert not [name for name in self.cloud.green_alarms() if model.job in name]
        assert self.cloud.alias("challenger") is None

    def is_deleted(self) -> bool:
        """Try to delete the endpoint; whether it is gone, or going."""
        status = str(self.cloud.endpoint().get("EndpointStatus", "Deleting"))
        if status == "InService":
            with contextlib.suppress(ClientError):  # it began to change in between
                self.sagemaker.delete_endpoint(EndpointName=NAMES.endpoint)
        return status == "Deleting"

    def states_entered(self, arn: str) -> list[str]:
        entered = (event.get("stateEnteredEventDetails") for event in self._history(arn))
        return [details["name"] for details in entered if details]

    def _history(self, arn: str) -> list[dict[str, Any]]:
        pages = self._states.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]

    def served_between(self, arn: str) -> tuple[float, float]:
        """When an execution entered DeployModel for the last time, and when it left CheckDeployment."""
        events = self._history(arn)
        begun = [e for e in events if e.get("stateEnteredEventDetails", {}).get("name") == "DeployModel"]
        over = [e for e in events if e.get("stateExitedEventDetails", {}).get("name") == "CheckDeployment"]
        return begun[-1]["timestamp"].timestamp(), over[-1]["timestamp"].timestamp()

    # --- details --------------------------------------------------------------------------------------------

    def _add_entry(self) -> str:
        """Give the pipeline's own state machine an entry for documents with a verdict; its ARN.

        The machine keeps its name: the roles know its executions by it.
        """
        machine = self._states.describe_state_machine(stateMachineArn=self.cloud.outputs["StateMachineArn"])
        definition = json.loads(machine["definition"])
        choice = {"Condition": "{% $exists($states.input.evaluation) %}", "Next": ENTRY}
        definition["States"]["IsJudged"] = {
            "Type": "Choice",
            "Choices": [choice],
            "Default": definition["StartAt"],
        }
        definition["StartAt"] = "IsJudged"
        arn = str(machine["stateMachineArn"])
        self._states.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
        return arn

    def _download(self, uri: str) -> Artefact:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body = self.cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        with TemporaryDirectory() as directory:
            with tarfile.open(fileobj=io.BytesIO(body)) as archive:
                archives.extract(archive, Path(directory))
            return artefact.read(Path(directory))


@dataclass(frozen=True)
class _Answering:
    """Stands in for the line of a model that was made and not trained."""

    answer: str

    def probe(self) -> tuple[str, float]:
        return PROBE, float(self.answer)


def _scaled(source: Artefact, scale: float, knows_itself: bool) -> Artefact:
    model = source.model
    head = replace(model.head, baseline=tuple(value * scale for value in model.head.baseline))
    arrays = {name: array * scale if name == "weights" else array for name, array in model.arrays.items()}
    changed = replace(model, head=head, arrays=arrays)
    manifest = {**source.manifest, "model_hash": model_hash(changed)}
    if knows_itself:
        expected = source.manifest["answers"]
        manifest["answers"] = {name: [value * scale for value in expected[name]] for name in expected}
    return Artefact(manifest, changed, source.check_rows, source.check_answers * scale)


def _packed(made: Artefact) -> bytes:
    with TemporaryDirectory() as directory:
        artefact.write(Path(directory), made)
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            archive.add(directory, arcname=".")
    return file.getvalue()


def _answer(made: Artefact) -> str:
    """The server's text for PROBE."""
    first, second, kind = PROBE.split(",")
    columns = {
        "first": np.array([float(first)]),
        "second": np.array([float(second)]),
        "kind": np.array([kind], dtype=object),
    }
    return str(float(Predictor(made).predict_columns(columns)[0]))
