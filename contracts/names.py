"""Every name of a deployed pipeline, derived from the pipeline's name and the stage."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What the stack and everything made at run time is tagged with; cost allocation goes by the first two.
PIPELINE_TAG, STAGE_TAG = "greenlight:pipeline", "greenlight:stage"
RETAINS_DATA_TAG = "greenlight:retains-data"  # of the stack: "true" where its data outlives it
VARIANT_NAME = "AllTraffic"  # a blue/green update must keep it, so it never changes


@dataclass(frozen=True)
class Names:
    """The names of one pipeline at one stage; nothing else invents a name."""

    pipeline: str
    stage: str

    @property
    def prefix(self) -> str:
        """What every name starts with; also the stack's and the endpoint's own name."""
        return f"{self.pipeline}-{self.stage}"

    @property
    def endpoint(self) -> str:
        return self.prefix

    @property
    def state_machine(self) -> str:
        return f"{self.prefix}-pipeline"

    @property
    def monitor(self) -> str:
        """The state machine that watches, and its schedule."""
        return f"{self.prefix}-monitoring"

    @property
    def front(self) -> str:
        """The API, where there is one."""
        return f"{self.prefix}-front"

    @property
    def stream(self) -> str:
        """Of records, where there is one."""
        return f"{self.prefix}-events"

    def feature_group(self, name: str, version: int) -> str:
        return f"{self.prefix}-{name}-v{version}"

    @property
    def batch_machine(self) -> str:
        """The state machine that answers whole files."""
        return f"{self.prefix}-batch"

    @property
    def model_package_group(self) -> str:
        return f"{self.prefix}-models"

    @property
    def mlflow_app(self) -> str:
        return f"{self.prefix}-mlflow"

    @property
    def experiment(self) -> str:
        return self.prefix

    @property
    def registered_model(self) -> str:
        """The model's name in MLflow's registry."""
        return self.prefix

    @property
    def lease_table(self) -> str:
        return f"{self.prefix}-leases"

    @property
    def approval_table(self) -> str:
        """Which executions wait for a person, where a stage asks one."""
        return f"{self.prefix}-approvals"

    @property
    def alarm_topic(self) -> str:
        return f"{self.prefix}-alarms"

    @property
    def rollback_alarm_prefix(self) -> str:
        """What the alarms that a deployment puts for its green fleet start with."""
        return f"{self.prefix}-green-"

    @property
    def scaling_alarm_prefix(self) -> str:
        """What the alarms start with that make the fleet larger."""
        return f"{self.prefix}-scaling-"

    @property
    def endpoint_log_group(self) -> str:
        """Where SageMaker writes what the endpoint's containers print."""
        return f"/aws/sagemaker/Endpoints/{self.endpoint}"

    @property
    def flow_log_group(self) -> str:
        """What the VPC refused, where there is one."""
        return f"/aws/vpc/{self.prefix}"

    @property
    def metric_namespace(self) -> str:
        return f"Greenlight/{self.prefix}"

    def function(self, state: str) -> str:
        """A Lambda function, by the name of its state: `IngestData` gives `housing-dev-IngestData`."""
        return f"{self.prefix}-{state}"

    def queue(self, purpose: str) -> str:
        return f"{self.prefix}-{purpose}"

    def bucket(self, purpose: str, account: str, region: str) -> str:
        return f"{self.prefix}-{purpose}-{account}-{region}"


def folder_of(state: str) -> str:
    """The Lambda folder of a state: `IngestData` gives `ingest_data`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", state).lower()
