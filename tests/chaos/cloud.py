"""A running cloud with the tiny pipeline, seen from outside: uploads, executions, and what is left behind."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from contracts.names import Names
from lambdas.uploads import Upload
from localcloud.faults.client import FaultsClient
from localcloud.host.launch import Running, launch
from operations.deployed import DeployedStage
from operations.redrive import redrive

NAMES = Names("chaos", "dev")
SPEED = 60.0
POLL_SECONDS = 0.2
# Far below a real queue's, so that a message whose function died comes back within the test.
VISIBILITY_SECONDS = 2


@dataclass(frozen=True)
class Ending:
    """How an execution ended; outcome is the error's name where it failed."""

    status: str
    outcome: str
    cause: str
    output: Mapping[str, Any] = field(repr=False)
    seconds: float


class ChaosCloud:
    """The cloud under test. Its own calls are the administrator's, which no random fault strikes."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.outputs = running.outputs
        self.faults = FaultsClient(running.environment)
        self.region_name = running.environment["AWS_REGION"]
        self._clients: dict[str, Any] = {}
        queue = self.outputs["UploadQueueUrl"]
        self.client("sqs").set_queue_attributes(
            QueueUrl=queue, Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)}
        )

    @classmethod
    def start(cls, assembly: Path, state: Path | None = None, speed: float = SPEED) -> ChaosCloud:
        return cls(launch(state, speed=speed, assembly=assembly))

    def stop(self) -> None:
        self.running.stop()

    def client(self, service: str) -> Any:
        if service not in self._clients:
            config = Config(retries={"mode": "standard", "total_max_attempts": 5}, read_timeout=30)
            self._clients[service] = self.running.client(service, config=config)
        return self._clients[service]

    # The pipeline's users

    def upload(self, name: str, content: bytes) -> Upload:
        """Put the object that starts the pipeline."""
        key, bucket = f"incoming/{name}.csv", self.outputs["RawBucketName"]
        version = self.client("s3").put_object(Bucket=bucket, Key=key, Body=content)["VersionId"]
        return Upload(bucket=bucket, key=key, version_id=version, sequencer="")

    def execution_arn(self, upload: Upload) -> str:
        machine = self.outputs["StateMachineArn"]
        return f"{machine.replace(':stateMachine:', ':execution:')}:{upload.execution_name}"

    def wait(
        self, upload: Upload, patience_seconds: float, poll_seconds: float = POLL_SECONDS
    ) -> Ending | None:
        """The execution's end; None when it has not come (or not even begun) in time."""
        began = time.monotonic()
        states, arn = self.client("stepfunctions"), self.execution_arn(upload)
        while time.monotonic() - began < patience_seconds:
            try:
                found = states.describe_execution(executionArn=arn)
            except states.exceptions.ExecutionDoesNotExist:
                found = {"status": "RUNNING"}
            if found["status"] != "RUNNING":
                output = json.loads(found.get("output") or "{}")
                outcome = output.get("outcome") or found.get("error") or found["status"]
                seconds = round(time.monotonic() - began, 2)
                return Ending(found["status"], outcome, found.get("cause", ""), output, seconds)
            time.sleep(poll_seconds)
        return None

    def ask(self, row: str) -> float:
        """What the endpoint predicts for one row of CSV."""
        answer = self.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=NAMES.endpoint, ContentType="text/csv", Accept="text/csv", Body=row.encode()
        )
        return float(answer["Body"].read())

    def redrive(self) -> None:
        """Put the dead letters back on the upload queue, as `make redrive` does."""
        redrive(DeployedStage(NAMES.stage, self, root=Path(__file__).parent))

    # What is there

    @cached_property
    def _mlflow_arn(self) -> str:
        return str(self.outputs["MlflowTrackingUri"])

    def endpoint(self) -> dict[str, Any]:
        """DescribeEndpoint, or an empty document where there is none."""
        sagemaker = self.client("sagemaker")
        names = sagemaker.list_endpoints(NameContains=NAMES.endpoint)["Endpoints"]
        if NAMES.endpoint not in [item["EndpointName"] for item in names]:
            return {}
        return dict(sagemaker.describe_endpoint(EndpointName=NAMES.endpoint))

    def packages(self) -> list[dict[str, Any]]:
        """Every package of the group, newest first."""
        sagemaker = self.client("sagemaker")
        pages = sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=NAMES.model_package_group, SortBy="CreationTime", SortOrder="Descending"
        )
        found = [item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"]]
        return [sagemaker.describe_model_package(ModelPackageName=arn) for arn in found]

    def names_of(self, operation: str, result: str, key: str, **arguments: Any) -> list[str]:
        """Names that a paginated SageMaker or CloudWatch list gives."""
        service = "cloudwatch" if operation == "describe_alarms" else "sagemaker"
        pages = self.client(service).get_paginator(operation).paginate(**arguments)
        return [item[key] for page in pages for item in page.get(result, [])]

    def configs(self) -> set[str]:
        return set(self.names_of("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"))

    def models(self) -> set[str]:
        return set(self.names_of("list_models", "Models", "ModelName"))

    def green_alarms(self) -> set[str]:
        prefix = NAMES.rollback_alarm_prefix
        return set(self.names_of("describe_alarms", "MetricAlarms", "AlarmName", AlarmNamePrefix=prefix))

    def unfinished_jobs(self) -> set[str]:
        arguments = {"StatusEquals": "InProgress"}
        return set(
            self.names_of("list_training_jobs", "TrainingJobSummaries", "TrainingJobName", **arguments)
        )

    def running_executions(self) -> list[str]:
        listed = self.client("stepfunctions").list_executions(
            stateMachineArn=self.outputs["StateMachineArn"], statusFilter="RUNNING"
        )
        return [item["name"] for item in listed["executions"]]

    def lease(self) -> dict[str, str]:
        """The endpoint's lease record, flat; empty before the first deployment."""
        table = self.client("dynamodb").scan(TableName=NAMES.lease_table)["Items"]
        return {name: next(iter(value.values())) for name, value in table[0].items()} if table else {}

    def waiting_messages(self, output: str = "UploadQueueUrl") -> int:
        """Messages on a queue, seen or not."""
        wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.client("sqs").get_queue_attributes(QueueUrl=self.outputs[output], AttributeNames=wanted)
        return sum(int(answer["Attributes"][name]) for name in wanted)

    def alias(self, alias: str) -> str | None:
        """The version of the registered model that an MLflow alias names."""
        query = {"name": NAMES.registered_model, "alias": alias}
        found = self.mlflow("registered-models/alias", query)
        return str(found["model_version"]["version"]) if found else None

    def mlflow(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        body: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """An answer of MLflow's REST API; an empty document where what was asked for is not there."""
        env = self.running.environment
        url = f"{self.running.endpoint_url}/api/2.0/mlflow/{path}"
        url += f"?{urlencode(query)}" if query else ""
        data = json.dumps(body).encode() if body is not None else None
        headers = {"x-sm-mlflow-app-arn": self._mlflow_arn, "Content-Type": "application/json"}
        signed = AWSRequest(method, url, data=data, headers=headers)
        keys = Credentials(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"])
        SigV4Auth(keys, "sagemaker", env["AWS_REGION"]).add_auth(signed)
        request = urllib.request.Request(url, data=data, headers=dict(signed.headers), method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as refusal:
            if refusal.code in (400, 404):
                return {}
            raise
