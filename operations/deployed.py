"""A deployed stage, found by its stack: the names of everything else come from the stack's outputs."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from contracts.names import Names
from contracts.pipeline_config import FILE_NAME, PipelineConfig


class NotDeployedError(Exception):
    """The stage has no stack in this account and region."""


class DeployedStage:
    """The stack of one stage of the project's pipeline, by the caller's own AWS credentials."""

    def __init__(self, stage: str, session: Any, root: Path = Path()) -> None:
        self.names = Names(PipelineConfig.load(root / FILE_NAME).name, stage)
        self.session = session

    @property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs by name; raises NotDeployedError."""
        return {item["OutputKey"]: item["OutputValue"] for item in self.stack.get("Outputs", [])}

    @cached_property
    def stack(self) -> dict[str, Any]:
        """CloudFormation's description of the stack; raises NotDeployedError."""
        from botocore.exceptions import ClientError

        try:
            stacks = self.session.client("cloudformation").describe_stacks(StackName=self.names.prefix)[
                "Stacks"
            ]
        except ClientError as error:
            if "does not exist" not in str(error):
                raise
            raise NotDeployedError(
                f"There is no stack {self.names.prefix} in {self.session.region_name}."
                " Check the region and STAGE, or deploy it first: make deploy STAGE=..."
            ) from None
        found: dict[str, Any] = stacks[0]
        return found
