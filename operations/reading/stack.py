"""The stack of a stage: its outputs name everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from operations.reading.clients import Clients
from operations.reading.errors import NotDeployedError, explained


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A deployed stage. `name` starts every name of it; `endpoint_url` is empty on AWS itself."""

    name: str
    status: str
    region: str
    endpoint_url: str
    outputs: Mapping[str, str]

    @property
    def pipeline(self) -> str:
        return self.name.rpartition("-")[0]

    @property
    def stage(self) -> str:
        return self.name.rpartition("-")[2]

    @property
    def state_machine_arn(self) -> str:
        return self._output("StateMachineArn")

    @property
    def account(self) -> str:
        return self.state_machine_arn.split(":")[4]

    @property
    def endpoint_name(self) -> str:
        return self._output("EndpointName")

    @property
    def model_package_group(self) -> str:
        return self._output("ModelPackageGroupName")

    @property
    def raw_bucket(self) -> str:
        return self._output("RawBucketName")

    @property
    def artifact_bucket(self) -> str:
        return self._output("ArtifactBucketName")

    @property
    def mlflow_arn(self) -> str:
        return self._output("MlflowTrackingUri")

    @property
    def upload_queue_url(self) -> str:
        return self._output("UploadQueueUrl")

    @property
    def dead_letter_queue_url(self) -> str:
        return self._output("DeadLetterQueueUrl")

    def _output(self, name: str) -> str:
        if name not in self.outputs:
            raise NotDeployedError(
                f"The stack {self.name} is {self.status} and has no output {name}.",
                f"Wait until it is deployed, or deploy it again: make deploy STAGE={self.stage}",
            )
        return self.outputs[name]


def read(clients: Clients, name: str) -> Stack:
    """Raises NotDeployedError, which says where it was looked for."""
    from botocore.exceptions import ClientError

    try:
        with explained():
            try:
                found = clients("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
            except ClientError as error:
                if "does not exist" not in str(error):
                    raise
                raise NotDeployedError(
                    f"There is no stack {name} in {clients.endpoint_url or clients.region}.",
                    "See whether --stage, --region and --profile are right, or deploy it: "
                    f"make deploy STAGE={name.rpartition('-')[2]}",
                ) from None
    except IndexError:
        raise NotDeployedError(f"There is no stack {name}.", "Deploy it: make deploy STAGE=...") from None
    return Stack(
        name=str(found["StackName"]),
        status=str(found["StackStatus"]),
        region=clients.region,
        endpoint_url=clients.endpoint_url,
        outputs={item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])},
    )
