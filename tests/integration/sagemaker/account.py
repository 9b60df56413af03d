"""An account of the embedded cloud with a bucket, an image and an execution role, and what tests do in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from localcloud.host.launch import Running
from localcloud.images.store import ImageStore
from localcloud.services.sagemaker.hosting.fleet.fault_client import FleetFaults

T = TypeVar("T")
BUCKET = "sagemaker-tests"
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/tiny:1"
ALL_RIGHTS = ("s3:*", "ecr:*")


class Account:
    """Speaks to one running cloud as its administrator."""

    def __init__(self, cloud: Running, state_dir: Path) -> None:
        self.cloud = cloud
        self.state_dir = state_dir
        self.faults = FleetFaults(cloud.environment)
        self.client = cache(cloud.client)
        self.sagemaker: Any = self.client("sagemaker")

    def prepare(self) -> None:
        """Bucket, data, role and image."""
        self.client("s3").create_bucket(Bucket=BUCKET)
        self.client("s3").put_object(Bucket=BUCKET, Key="data/a.csv", Body=b"1,2")
        self.role("execution")
        image = ImageStore(self.state_dir).register("tiny", "1", context=Path(__file__).parent / "tiny")
        ecr = self.client("ecr")
        ecr.create_repository(repositoryName="tiny")
        ecr.put_image(
            repositoryName="tiny",
            imageTag="1",
            imageDigest=image.digest,
            imageManifest='{"schemaVersion":2}',
        )

    def role(
        self, name: str, actions: tuple[str, ...] = ALL_RIGHTS, service: str = "sagemaker.amazonaws.com"
    ) -> str:
        """A role that the service may assume, with these actions on everything; its ARN."""
        iam = self.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))
        rights = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=_policy(rights))
        return str(made["Role"]["Arn"])

    def user(self, name: str, statements: list[dict[str, Any]]) -> dict[str, str]:
        """A user with these rights; the environment that makes a client act as the user."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=_policy(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
            "region_name": "us-east-1",
            "endpoint_url": self.cloud.endpoint_url,
        }

    def training_request(self, name: str, role: str = "execution", **parameters: str) -> dict[str, Any]:
        """What CreateTrainingJob needs to train the tiny image."""
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/data/"}
        return {
            "TrainingJobName": name,
            "RoleArn": f"arn:aws:iam::111122223333:role/{role}",
            "HyperParameters": parameters,
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "loss", "Regex": "metric loss=([0-9.]+);"}],
            },
            "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/training"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        }

    def train(self, name: str, role: str = "execution", **parameters: str) -> dict[str, Any]:
        """Run a training job to its end; its description."""
        self.sagemaker.create_training_job(**self.training_request(name, role, **parameters))
        return self.trained(name)

    def trained(self, name: str) -> dict[str, Any]:
        """Wait for a job's end; its description."""

        def look() -> dict[str, Any] | None:
            described: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
            return None if described["TrainingJobStatus"] in ("InProgress", "Stopping") else described

        return until(look)

    def config(self, name: str, word: str, instances: int = 2, role: str = "execution") -> str:
        """An endpoint config whose model predicts `word`; the prediction."""
        job = self.train(f"train-{name}", word=word)
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=f"arn:aws:iam::111122223333:role/{role}",
            PrimaryContainer={
                "Image": IMAGE,
                "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"],
            },
        )
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "AllTraffic",
                    "ModelName": name,
                    "InitialInstanceCount": instances,
                    "InstanceType": "ml.m5.large",
                    "ContainerStartupHealthCheckTimeoutInSeconds": 300,
                }
            ],
            DataCaptureConfig={
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": f"s3://{BUCKET}/capture",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
                "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
            },
        )
        return f"{word} of a.csv"

    def settle(self, endpoint: str) -> dict[str, Any]:
        """Wait until nothing is done to an endpoint; its description."""

        def look() -> dict[str, Any] | None:
            described: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=endpoint)
            return described if described["EndpointStatus"] in ("InService", "Failed") else None

        return until(look)

    def alarm_state(self, name: str) -> str:
        """OK, ALARM or INSUFFICIENT_DATA."""
        found = self.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return str(found[0]["StateValue"])

    def canary(self, endpoint: str, config: str, *alarms: str, bake: int = 120) -> None:
        """Begin to deploy a config with a canary of a quarter of the traffic."""
        routing = {
            "Type": "CANARY",
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
            "WaitIntervalInSeconds": bake,
        }
        rollback = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]}}
        self.sagemaker.update_endpoint(
            EndpointName=endpoint,
            EndpointConfigName=config,
            DeploymentConfig={
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": routing,
                    "TerminationWaitInSeconds": 60,
                    "MaximumExecutionTimeoutInSeconds": 3600,
                },
                **(rollback if alarms else {}),
            },
        )

    def alarm_on_errors(self, name: str, endpoint: str, config: str) -> None:
        """An alarm on the 5xx rate of the fleet of one config."""
        dimensions = {"EndpointName": endpoint, "VariantName": "AllTraffic", "EndpointConfigName": config}
        self.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/SageMaker",
            MetricName="Invocation5XXErrors",
            Statistic="Average",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0.02,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        )

    def ask(self, endpoint: str, body: bytes = b"1,2") -> str:
        """One prediction."""
        runtime = self.client("sagemaker-runtime")
        answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType="text/csv")
        return str(answer["Body"].read().decode())

    def load(self, endpoint: str, rate: float, seconds: float) -> Load:
        """Requests at a constant rate from another process."""
        return Load(self.cloud.environment, endpoint, rate, seconds)


class Load:
    """A load that runs."""

    def __init__(self, environment: Mapping[str, str], endpoint: str, rate: float, seconds: float) -> None:
        command = [
            sys.executable,
            "-m",
            "tests.integration.sagemaker.load",
            endpoint,
            str(rate),
            str(seconds),
        ]
        self._process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "running\n"

    def result(self) -> tuple[int, dict[str, int]]:
        """Wait for its end: how many were sent, and how often each answer came."""
        out, _ = self._process.communicate(timeout=600)
        document = json.loads(out)
        return document["sent"], document["answers"]


def until(look: Callable[[], T | None], limit_seconds: float = 300.0) -> T:
    """Look again and again until there is something; fails when there never is."""
    never = threading.Event()
    deadline = time.monotonic() + limit_seconds
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"waited {limit_seconds:g} s for {look.__qualname__}"
        never.wait(0.02)
    return found


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
