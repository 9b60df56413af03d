"""What the preflight asks of an account; every call reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

ABSENT = frozenset(
    {
        "404",
        "NoSuchBucket",
        "NotFound",
        "NotFoundException",
        "ParameterNotFound",
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "StateMachineDoesNotExist",
        "ValidationError",
    }
)


class CannotAskError(Exception):
    """A question could not be put: not permitted, not offered, or no answer; the message says which."""


@dataclass(frozen=True)
class Decision:
    """What IAM would say to one action. `by_organization` is False where the organisation forbids it."""

    action: str
    allowed: bool
    by_organization: bool


class Account:
    """An account in one region, by the caller's own credentials."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.region = str(session.region_name or "")

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """Account and ARN of whoever asks; raises CannotAskError."""
        return dict(self._ask("sts", lambda sts: sts.get_caller_identity()))

    @property
    def id(self) -> str:
        return self.identity["Account"]

    def parameter(self, name: str) -> str:
        """A parameter's value, empty where there is none."""
        found = self._found("ssm", lambda ssm: ssm.get_parameter(Name=name))
        return str(found["Parameter"]["Value"]) if found else ""

    def stack(self, name: str) -> Mapping[str, Any] | None:
        found = self._found("cloudformation", lambda cfn: cfn.describe_stacks(StackName=name))
        return found["Stacks"][0] if found else None

    def quotas(self, service: str) -> dict[str, float]:
        """Applied quotas of a service by name."""
        pages = self._pages("service-quotas", "list_service_quotas", "Quotas", ServiceCode=service)
        return {str(quota["QuotaName"]): float(quota["Value"]) for quota in pages}

    def function_concurrency(self) -> int:
        """How many functions may run at once."""
        found = self._ask("lambda", lambda functions: functions.get_account_settings())
        return int(found["AccountLimit"]["ConcurrentExecutions"])

    def instances_running(self) -> dict[str, int]:
        """Endpoint instances by type, of every endpoint of the region."""
        counts: dict[str, int] = {}
        for endpoint in self._pages("sagemaker", "list_endpoints", "Endpoints"):
            for kind, count in self._instances_of(endpoint["EndpointName"]):
                counts[kind] = counts.get(kind, 0) + count
        return counts

    def _instances_of(self, endpoint: str) -> Iterator[tuple[str, int]]:
        def ask(sagemaker: Any) -> Any:
            described = sagemaker.describe_endpoint(EndpointName=endpoint)
            config = sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
            return described, config

        described, config = self._ask("sagemaker", ask)
        counts = {
            v["VariantName"]: v["CurrentInstanceCount"] for v in described.get("ProductionVariants", [])
        }
        for variant in config["ProductionVariants"]:
            if "InstanceType" in variant:
                yield variant["InstanceType"], int(counts.get(variant["VariantName"], 0))

    def zones_offering(self, instance_type: str) -> set[str]:
        """Zones of the region in which EC2 has a type (`m5.large`)."""
        found = self._ask(
            "ec2",
            lambda ec2: ec2.describe_instance_type_offerings(
                LocationType="availability-zone",
                Filters=[{"Name": "instance-type", "Values": [instance_type]}],
            ),
        )
        return {str(offering["Location"]) for offering in found["InstanceTypeOfferings"]}

    def zones(self) -> list[str]:
        """The region's zones in the order in which CloudFormation's `Fn::GetAZs` takes them."""
        found = self._ask("ec2", lambda ec2: ec2.describe_availability_zones())
        return sorted(str(zone["ZoneName"]) for zone in found["AvailabilityZones"])

    def zones_of_service(self, name: str) -> set[str]:
        """Zones in which an endpoint service is offered; none where it is not."""
        asked = self._found(
            "ec2",
            lambda ec2: ec2.describe_vpc_endpoint_services(ServiceNames=[name]),
            also=("InvalidServiceName",),
        )
        details = asked["ServiceDetails"] if asked else []
        return {str(zone) for service in details for zone in service["AvailabilityZones"]}

    def public_access_blocked(self) -> bool:
        """Whether the account as a whole blocks public access to S3."""
        found = self._found(
            "s3control",
            lambda s3: s3.get_public_access_block(AccountId=self.id),
            also=("NoSuchPublicAccessBlockConfiguration",),
        )
        return bool(found) and all(found["PublicAccessBlockConfiguration"].values())

    def has(self, kind: str, name: str) -> bool:
        """Whether a resource of that CloudFormation type and name is there."""
        asks: dict[str, tuple[str, Callable[[Any], Any]]] = {
            "AWS::DynamoDB::Table": ("dynamodb", lambda c: c.describe_table(TableName=name)),
            "AWS::KMS::Alias": ("kms", lambda c: c.describe_key(KeyId=name)),
            "AWS::Lambda::Function": ("lambda", lambda c: c.get_function_configuration(FunctionName=name)),
            "AWS::S3::Bucket": ("s3", lambda c: c.head_bucket(Bucket=name)),
            "AWS::SNS::Topic": (
                "sns",
                lambda c: c.get_topic_attributes(TopicArn=f"arn:aws:sns:{self.region}:{self.id}:{name}"),
            ),
            "AWS::SQS::Queue": ("sqs", lambda c: c.get_queue_url(QueueName=name)),
            "AWS::SageMaker::ModelPackageGroup": (
                "sagemaker",
                lambda c: c.describe_model_package_group(ModelPackageGroupName=name),
            ),
            "AWS::StepFunctions::StateMachine": (
                "stepfunctions",
                lambda c: c.describe_state_machine(
                    stateMachineArn=f"arn:aws:states:{self.region}:{self.id}:stateMachine:{name}"
                ),
            ),
        }
        service, ask = asks[kind]
        # SageMaker answers a missing group with a ValidationException (API Reference).
        return self._found(service, ask, also=("ValidationException",)) is not None

    def has_endpoint(self, name: str) -> bool:
        found = self._found(
            "sagemaker", lambda c: c.describe_endpoint(EndpointName=name), also=("ValidationException",)
        )
        return found is not None

    def has_log_group(self, name: str) -> bool:
        found = self._ask("logs", lambda logs: logs.describe_log_groups(logGroupNamePrefix=name))
        return any(group["logGroupName"] == name for group in found["logGroups"])

    def mlflow_version(self, name: str) -> str:
        """The version of the MLflow app of that name, empty where there is none."""
        for app in self._pages("sagemaker", "list_mlflow_apps", "Summaries"):
            if app["Name"] == name:
                return str(app.get("MlflowVersion", ""))
        return ""

    def simulate(
        self,
        statements: Sequence[Mapping[str, Any]],
        actions: Sequence[str],
        resources: Sequence[str],
        context: Any,
    ) -> Iterator[Decision]:
        """What IAM, and the organisation above the account, says to a role with these statements."""
        import json

        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        found = self._ask(
            "iam",
            lambda iam: iam.simulate_custom_policy(
                PolicyInputList=[policy],
                ActionNames=list(actions),
                ResourceArns=list(resources),
                ContextEntries=context,
            ),
        )
        for result in found["EvaluationResults"]:
            organization = result.get("OrganizationsDecisionDetail", {})
            yield Decision(
                str(result["EvalActionName"]),
                result["EvalDecision"] == "allowed",
                bool(organization.get("AllowedByOrganizations", True)),
            )

    def denied_to_caller(self, actions: Sequence[str]) -> list[Decision]:
        """The actions that the caller's own policies, or the organisation, don't allow."""
        arn = _role_of(self.identity["Arn"])
        found = self._ask(
            "iam",
            lambda iam: iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=list(actions)),
        )
        return [
            Decision(
                str(result["EvalActionName"]),
                False,
                bool(result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True)),
            )
            for result in found["EvaluationResults"]
            if result["EvalDecision"] != "allowed"
        ]

    def _found(self, service: str, ask: Callable[[Any], Any], also: Iterable[str] = ()) -> Any:
        """The answer, or None where the thing asked for is not there."""
        from botocore.exceptions import ClientError

        try:
            return self._ask(service, ask)
        except CannotAskError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError):
                code = str(cause.response.get("Error", {}).get("Code"))
                if code in ABSENT or code in also:
                    return None
            raise

    def _pages(self, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
        def ask(client: Any) -> list[Any]:
            pages = client.get_paginator(operation).paginate(**arguments)
            return [item for page in pages for item in page[key]]

        found: list[Any] = self._ask(service, ask)
        return found

    def _ask(self, service: str, ask: Callable[[Any], Any]) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return ask(self._session.client(service))
        except (BotoCoreError, ClientError) as error:
            raise CannotAskError(f"{service}: {error}") from error


def _role_of(arn: str) -> str:
    """A session's role: IAM simulates roles and users, not `arn:aws:sts::ID:assumed-role/ROLE/SESSION`."""
    head, _, rest = arn.partition(":assumed-role/")
    if not rest:
        return arn
    return f"{head.replace(':sts:', ':iam:')}:role/{rest.rpartition('/')[0]}"
