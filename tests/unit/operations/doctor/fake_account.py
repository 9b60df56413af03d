"""An account that answers as boto3's clients do, and can be made to lack one thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

ACCOUNT, REGION = "111122223333", "us-east-1"
QUOTAS = {"ml.t2.medium for endpoint usage": 8.0, "ml.m5.xlarge for training job usage": 2.0}
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


def refused(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Any")


class FakeClient:
    """A service whose operations are functions; one that is not given is refused as not permitted."""

    def __init__(self, operations: Mapping[str, Callable[..., Any]]) -> None:
        self._operations = operations

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in self._operations:
            raise refused("AccessDenied", f"not authorized to perform {name}")
        return self._operations[name]

    def get_paginator(self, name: str) -> Any:
        call = getattr(self, name)

        class Pages:
            def paginate(self, **arguments: Any) -> list[Any]:
                return [call(**arguments)]

        return Pages()


def absent(code: str) -> Callable[..., Any]:
    def call(**_: Any) -> Any:
        raise refused(code)

    return call


class FakeSession:
    """A healthy, empty account; a test replaces single answers in `services`."""

    region_name = REGION

    def __init__(self) -> None:
        self.services: dict[str, dict[str, Callable[..., Any]]] = {
            "sts": {
                "get_caller_identity": lambda: {
                    "Account": ACCOUNT,
                    "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/me",
                }
            },
            "ssm": {"get_parameter": lambda Name: {"Parameter": {"Value": "27"}}},
            "cloudformation": {"describe_stacks": absent("ValidationError")},
            "dynamodb": {"describe_table": absent("ResourceNotFoundException")},
            "kms": {"describe_key": absent("NotFoundException")},
            "s3": {"head_bucket": absent("404")},
            "sns": {"get_topic_attributes": absent("NotFound")},
            "sqs": {"get_queue_url": absent("AWS.SimpleQueueService.NonExistentQueue")},
            "logs": {"describe_log_groups": lambda logGroupNamePrefix: {"logGroups": []}},
            "stepfunctions": {"describe_state_machine": absent("StateMachineDoesNotExist")},
            "lambda": {
                "get_function_configuration": absent("ResourceNotFoundException"),
                "get_account_settings": lambda: {"AccountLimit": {"ConcurrentExecutions": 1000}},
            },
            "sagemaker": {
                "describe_endpoint": absent("ValidationException"),
                "describe_model_package_group": absent("ValidationException"),
                "list_endpoints": lambda: {"Endpoints": []},
                "list_mlflow_apps": lambda: {
                    "Summaries": [{"Name": "housing-dev-mlflow", "MlflowVersion": "99.0"}]
                },
            },
            "service-quotas": {"list_service_quotas": self._quotas},
            "ec2": {
                "describe_instance_type_offerings": lambda **_: {
                    "InstanceTypeOfferings": [{"Location": zone} for zone in ZONES]
                },
                "describe_availability_zones": lambda: {
                    "AvailabilityZones": [{"ZoneName": zone} for zone in ZONES]
                },
                "describe_vpc_endpoint_services": lambda ServiceNames: {
                    "ServiceDetails": [{"AvailabilityZones": list(ZONES)}]
                },
            },
            "s3control": {
                "get_public_access_block": lambda AccountId: {
                    "PublicAccessBlockConfiguration": dict.fromkeys("abcd", True)
                }
            },
            "iam": {
                "simulate_principal_policy": self.decide,
                "simulate_custom_policy": self.decide,
            },
        }
        self.quotas = dict(QUOTAS)
        self.decisions: dict[str, tuple[str, bool]] = {}
        self.simulated: list[Mapping[str, Any]] = []

    def client(self, service: str) -> FakeClient:
        return FakeClient(self.services[service])

    def _quotas(self, ServiceCode: str) -> Any:
        return {"Quotas": [{"QuotaName": name, "Value": value} for name, value in self.quotas.items()]}

    def decide(self, ActionNames: list[str], **arguments: Any) -> Any:
        """Everything is allowed but what `decisions` says."""
        self.simulated.append({"ActionNames": ActionNames, **arguments})
        return {"EvaluationResults": [self._decision(action) for action in ActionNames]}

    def _decision(self, action: str) -> dict[str, Any]:
        decision, by_organization = self.decisions.get(action, ("allowed", True))
        return {
            "EvalActionName": action,
            "EvalDecision": decision,
            "OrganizationsDecisionDetail": {"AllowedByOrganizations": by_organization},
        }
