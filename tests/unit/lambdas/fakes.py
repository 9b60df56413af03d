"""Services that moto does not have, or not enough of; requests are held against botocore's own model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

NOW = datetime(2026, 11, 22, 2, 50, tzinfo=UTC)
GROUP = "arn:aws:sagemaker:us-east-1:111122223333:model-package/housing-dev-models"


@cache
def model_of(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def refused(code: str, message: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class FakeService:
    """Calls are checked, remembered in `calls`, and answered by `do_OPERATION`."""

    service = ""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, method: str) -> Callable[..., Any]:
        operation = "".join(word.capitalize() for word in method.split("_"))
        shape = model_of(self.service).operation_model(operation).input_shape

        def call(**request: Any) -> Any:
            report = ParamValidator().validate(request, shape)
            assert not report.has_errors(), f"{operation}: {report.generate_report()}"
            self.calls.append((operation, request))
            return getattr(type(self), f"do_{method}")(self, **request)

        return call

    def get_paginator(self, method: str) -> FakePaginator:
        return FakePaginator(getattr(self, method))

    def requests(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == operation]


class FakePaginator:
    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def paginate(self, **request: Any) -> Iterator[Any]:
        yield self._call(**request)


class FakeSageMaker(FakeService):
    """One endpoint at most; `endpoint` is DescribeEndpoint's answer, for a test to move along."""

    service = "sagemaker"

    def __init__(self) -> None:
        super().__init__()
        self.endpoint: dict[str, Any] | None = None
        self.configs: list[str] = []
        self.models: list[str] = []
        self.packages: list[dict[str, Any]] = []
        self.jobs: list[str] = []
        self.has_group = True
        self.containers: dict[str, dict[str, Any]] = {}  # by model
        self.configured_count = 4  # of every endpoint config
        self.transforms: dict[str, list[str]] = {}  # by status
        self.stopping_jobs: list[str] = []
        self.jobs_stop_slowly = False
        self.delete_takes: int = 1  # how many looks at a deleted endpoint still find it

    def in_service(self, config: str) -> None:
        self.endpoint = {"EndpointStatus": "InService", "EndpointConfigName": config}

    def updating(self, config: str, pending: str) -> None:
        self.endpoint = {
            "EndpointStatus": "Updating",
            "EndpointConfigName": config,
            "PendingDeploymentSummary": {"EndpointConfigName": pending},
        }

    def add_package(self, job: str, status: str = "Approved", **properties: str) -> str:
        arn = f"{GROUP}/{len(self.packages) + 1}"
        self.packages.append(
            {
                "ModelPackageArn": arn,
                "ModelPackageVersion": len(self.packages) + 1,
                "ModelApprovalStatus": status,
                "CreationTime": NOW + timedelta(hours=len(self.packages)),
                "InferenceSpecification": {
                    "Containers": [
                        {"Image": "image@sha256:0", "ModelDataUrl": f"s3://a/training/{job}.tar.gz"}
                    ]
                },
                "CustomerMetadataProperties": {"training_job_name": job, **properties},
            }
        )
        return arn

    def package(self, arn: str) -> dict[str, Any]:
        return next(package for package in self.packages if package["ModelPackageArn"] == arn)

    def do_describe_endpoint(self, EndpointName: str) -> Any:
        if self.endpoint is None:
            message = f'Could not find endpoint "{EndpointName}".'
            raise refused("ValidationException", message, "DescribeEndpoint")
        found = self.endpoint
        if found["EndpointStatus"] == "Deleting":
            self.delete_takes -= 1
            if self.delete_takes <= 0:
                self.endpoint = None
        return found

    def do_create_endpoint(self, EndpointName: str, EndpointConfigName: str, **_: Any) -> Any:
        if self.endpoint is not None:
            message = f"Cannot create already existing endpoint {EndpointName!r}."
            raise refused("ValidationException", message, "CreateEndpoint")
        self.endpoint = {"EndpointStatus": "Creating", "EndpointConfigName": EndpointConfigName}
        return {}

    def do_update_endpoint(self, EndpointName: str, EndpointConfigName: str, **_: Any) -> Any:
        assert self.endpoint is not None
        if self.endpoint["EndpointStatus"] != "InService":
            message = f"Cannot update in-progress endpoint {EndpointName!r}."
            raise refused("ValidationException", message, "UpdateEndpoint")
        self.updating(self.endpoint["EndpointConfigName"], EndpointConfigName)
        return {}

    def do_delete_endpoint(self, EndpointName: str) -> Any:
        if self.endpoint is None:
            raise refused("ValidationException", "Could not find endpoint", "DeleteEndpoint")
        self.endpoint = {**self.endpoint, "EndpointStatus": "Deleting"}
        return {}

    def do_describe_model(self, ModelName: str) -> Any:
        return {"PrimaryContainer": self.containers.get(ModelName, {})}

    def do_create_model(self, ModelName: str, PrimaryContainer: Any, **_: Any) -> Any:
        self.containers.setdefault(ModelName, PrimaryContainer)
        return self._create(self.models, ModelName, "model")

    def do_create_endpoint_config(self, EndpointConfigName: str, **_: Any) -> Any:
        return self._create(self.configs, EndpointConfigName, "endpoint configuration")

    def _create(self, existing: list[str], name: str, kind: str) -> Any:
        if name in existing:
            message = f"Cannot create already existing {kind} {name!r}."
            raise refused("ValidationException", message, "Create")
        existing.insert(0, name)
        return {}

    def do_delete_model(self, ModelName: str) -> Any:
        return self._delete(self.models, ModelName, "model")

    def do_delete_endpoint_config(self, EndpointConfigName: str) -> Any:
        in_use = self.endpoint and self.endpoint["EndpointConfigName"] == EndpointConfigName
        assert not in_use, "an endpoint config in use must never be deleted"
        return self._delete(self.configs, EndpointConfigName, "endpoint configuration")

    def _delete(self, existing: list[str], name: str, kind: str) -> Any:
        if name not in existing:
            raise refused("ValidationException", f'Could not find {kind} "{name}".', "Delete")
        existing.remove(name)
        return {}

    def do_describe_endpoint_config(self, EndpointConfigName: str) -> Any:
        if EndpointConfigName not in self.configs:
            message = f'Could not find endpoint configuration "{EndpointConfigName}".'
            raise refused("ValidationException", message, "DescribeEndpointConfig")
        return {"ProductionVariants": [{"InitialInstanceCount": self.configured_count}]}

    def do_list_endpoint_configs(self, NameContains: str, **_: Any) -> Any:
        found = [name for name in self.configs if NameContains in name]
        return {"EndpointConfigs": [{"EndpointConfigName": name} for name in found]}

    def do_list_models(self, NameContains: str, **_: Any) -> Any:
        return {"Models": [{"ModelName": name} for name in self.models if NameContains in name]}

    def do_list_training_jobs(self, NameContains: str, StatusEquals: str, **_: Any) -> Any:
        of_status = {"InProgress": self.jobs, "Stopping": self.stopping_jobs}[StatusEquals]
        found = [name for name in of_status if NameContains in name]
        return {"TrainingJobSummaries": [{"TrainingJobName": name} for name in found]}

    def do_list_transform_jobs(self, NameContains: str, StatusEquals: str, **_: Any) -> Any:
        found = [name for name in self.transforms.get(StatusEquals, []) if NameContains in name]
        return {"TransformJobSummaries": [{"TransformJobName": name} for name in found]}

    def do_stop_transform_job(self, TransformJobName: str) -> Any:
        self.transforms["InProgress"].remove(TransformJobName)
        return {}

    def do_stop_training_job(self, TrainingJobName: str) -> Any:
        self.jobs.remove(TrainingJobName)
        if self.jobs_stop_slowly:
            self.stopping_jobs.append(TrainingJobName)
        return {}

    def do_describe_model_package_group(self, ModelPackageGroupName: str) -> Any:
        if not self.has_group:
            message = f"ModelPackageGroup {ModelPackageGroupName} does not exist."
            raise refused("ValidationException", message, "DescribeModelPackageGroup")
        return {}

    def do_list_model_packages(self, ModelApprovalStatus: str | None = None, **_: Any) -> Any:
        newest_first = list(reversed(self.packages))
        return {
            "ModelPackageSummaryList": [
                package
                for package in newest_first
                if ModelApprovalStatus in (None, package["ModelApprovalStatus"])
            ]
        }

    def do_describe_model_package(self, ModelPackageName: str) -> Any:
        return self.package(ModelPackageName)

    def do_create_model_package(self, CustomerMetadataProperties: dict[str, str], **request: Any) -> Any:
        arn = self.add_package("", request["ModelApprovalStatus"])
        self.package(arn).update(
            InferenceSpecification=request["InferenceSpecification"],
            CustomerMetadataProperties=CustomerMetadataProperties,
        )
        return {"ModelPackageArn": arn}

    def do_update_model_package(self, ModelPackageArn: str, **request: Any) -> Any:
        package = self.package(ModelPackageArn)
        added = request.pop("CustomerMetadataProperties", {})
        package.update(request)
        package["CustomerMetadataProperties"] = {**package["CustomerMetadataProperties"], **added}
        return {}

    def do_delete_model_package(self, ModelPackageName: str) -> Any:
        self.packages.remove(self.package(ModelPackageName))
        return {}


class FakeCloudWatch(FakeService):
    """Alarms by name with their state, and the history that a test writes."""

    service = "cloudwatch"

    def __init__(self) -> None:
        super().__init__()
        self.alarms: dict[str, dict[str, Any]] = {}
        self.history: dict[str, list[dict[str, Any]]] = {}
        self.sums: dict[str, list[float]] = {}  # datapoints by metric

    def fire(self, name: str, reason: str, datapoints: list[float]) -> None:
        data = {
            "newState": {
                "stateValue": "ALARM",
                "stateReason": reason,
                "stateReasonData": {"recentDatapoints": datapoints},
            }
        }
        item = {"AlarmName": name, "Timestamp": NOW, "HistoryData": json.dumps(data)}
        self.history.setdefault(name, []).append(item)

    def do_put_metric_alarm(self, AlarmName: str, **request: Any) -> Any:
        self.alarms[AlarmName] = {"AlarmName": AlarmName, "StateValue": "INSUFFICIENT_DATA", **request}

    def do_describe_alarms(self, AlarmNamePrefix: str = "", AlarmNames: Sequence[str] = ()) -> Any:
        found = [
            alarm
            for name, alarm in self.alarms.items()
            if (name in AlarmNames if AlarmNames else name.startswith(AlarmNamePrefix))
        ]
        return {"MetricAlarms": found, "CompositeAlarms": []}

    def do_get_metric_statistics(self, MetricName: str, Statistics: list[str], **_: Any) -> Any:
        return {"Datapoints": [{Statistics[0]: value} for value in self.sums.get(MetricName, [])]}

    def do_delete_alarms(self, AlarmNames: list[str]) -> Any:
        for name in AlarmNames:
            del self.alarms[name]

    def do_set_alarm_state(self, AlarmName: str, StateValue: str, StateReason: str) -> Any:
        self.alarms[AlarmName]["StateValue"] = StateValue

    def do_describe_alarm_history(self, AlarmName: str, **_: Any) -> Any:
        return {"AlarmHistoryItems": self.history.get(AlarmName, [])}


class FakeMlflow:
    """The registry of one MLflow app."""

    def __init__(self) -> None:
        self.experiment = ""  # its life-cycle stage; empty where there is none
        self.versions: dict[str, str] = {}  # version by run
        self.aliases: dict[str, str] = {}
        self.tags: dict[tuple[str, str], str] = {}
        self.metrics: dict[str, float] = {}

    def ensure_experiment(self, name: str) -> str:
        self.experiment = self.experiment or "active"
        return self.experiment

    def ensure_model(self, name: str) -> None:
        pass

    def version_of_run(self, name: str, run_id: str) -> str | None:
        return self.versions.get(run_id)

    def create_version(self, name: str, *, run_id: str, fallback_source: str, tags: Any) -> str:
        self.versions[run_id] = version = str(len(self.versions) + 1)
        return version

    def alias_version(self, name: str, alias: str) -> str | None:
        return self.aliases.get(alias)

    def set_alias(self, name: str, alias: str, version: str) -> None:
        self.aliases[alias] = version

    def drop_alias(self, name: str, alias: str, version: str) -> None:
        if self.aliases.get(alias) == version:
            del self.aliases[alias]

    def tag_version(self, name: str, version: str, key: str, value: str) -> None:
        self.tags[version, key] = value

    def log_metrics(self, run_id: str, metrics: dict[str, float]) -> None:
        self.metrics.update(metrics)

    def set_tag(self, run_id: str, key: str, value: str) -> None:
        self.tags[run_id, key] = value
