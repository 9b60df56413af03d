"""`make rollback STAGE=...`: deploy the previous champion, with the guardrails that every model gets.

It starts an execution of the pipeline's own state machine and follows it. Whoever runs it needs to read the
stack's outputs, the endpoint and the model packages, and to start and read executions; what is done, the
pipeline's own roles do.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from operations.deployed import DeployedStage, NotDeployedError

POLL_SECONDS = 2.0


class NothingToRollBackError(Exception):
    """The stage has no model to go back to."""


@dataclass(frozen=True)
class End:
    """How the execution ended: `outcome` is Promoted, or the error's name."""

    outcome: str
    reason: str


def start(stage: DeployedStage, *, version: int | None, reason: str, now: datetime) -> str:
    """Start the rollback from the package that serves now; the execution's ARN.

    The execution checks that nothing else serves meanwhile, so that a command given twice goes back once.
    Where the endpoint is lost, the champion is put back. Raises NothingToRollBackError.
    """
    serving = _serving(stage)
    others = [package for package in _approved(stage) if package["ModelPackageArn"] != serving["arn"]]
    if version is None and not others:
        raise NothingToRollBackError(
            f"{stage.names.prefix} serves {serving['name']}, and has no other approved model package:"
            " there is none to go back to"
        )
    rollback: dict[str, Any] = {"reason": reason}
    if serving["arn"]:
        rollback["from_package_arn"] = serving["arn"]
    if version is not None:
        rollback["to_version"] = version
    started = stage.session.client("stepfunctions").start_execution(
        stateMachineArn=stage.outputs["StateMachineArn"],
        name=f"rollback-from-{serving['name'].replace(' ', '-')}-{now:%Y%m%dT%H%M%S%f}",
        input=json.dumps({"rollback": rollback}),
    )
    return str(started["executionArn"])


def follow(states: Any, arn: str, tell: Callable[[str], None], pause: Callable[[float], None]) -> End:
    """Tell each state when it is entered, until the execution ends."""
    told: set[str] = set()
    while True:
        described = states.describe_execution(executionArn=arn)
        for name in _entered(states, arn):
            if name not in told:
                told.add(name)
                tell(name)
        if described["status"] != "RUNNING":
            break
        pause(POLL_SECONDS)
    if described["status"] == "SUCCEEDED":
        output = json.loads(described["output"])
        return End(output["outcome"], output["registration"]["model_package_arn"])
    return End(described.get("error", described["status"]), described.get("cause", ""))


def _serving(stage: DeployedStage) -> dict[str, str]:
    """The package behind the endpoint's config, which is named after its training job: `arn` and `name`, the
    first of them empty where nothing serves, or nothing that was registered."""
    from botocore.exceptions import ClientError

    sagemaker = stage.session.client("sagemaker")
    try:
        endpoint = sagemaker.describe_endpoint(EndpointName=stage.outputs["EndpointName"])
    except ClientError as error:
        if "could not find" not in str(error).lower():
            raise
        return {"arn": "", "name": "nothing"}
    config = endpoint.get("EndpointConfigName", "")
    for summary in _packages(stage):
        arn = summary["ModelPackageArn"]
        found = sagemaker.describe_model_package(ModelPackageName=arn)
        if found.get("CustomerMetadataProperties", {}).get("training_job_name") == config:
            return {"arn": arn, "name": f"version {found['ModelPackageVersion']}"}
    return {"arn": "", "name": "an unknown model"}


def _approved(stage: DeployedStage) -> list[dict[str, Any]]:
    return [package for package in _packages(stage) if package.get("ModelApprovalStatus") == "Approved"]


def _packages(stage: DeployedStage) -> Iterator[dict[str, Any]]:
    """Every model package, newest first."""
    pages = stage.session.client("sagemaker").get_paginator("list_model_packages")
    for page in pages.paginate(
        ModelPackageGroupName=stage.outputs["ModelPackageGroupName"],
        SortBy="CreationTime",
        SortOrder="Descending",
    ):
        yield from page["ModelPackageSummaryList"]


def _entered(states: Any, arn: str) -> Iterator[str]:
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=arn, includeExecutionData=False
    )
    for page in pages:
        for event in page["events"]:
            if "stateEnteredEventDetails" in event:
                yield event["stateEnteredEventDetails"]["name"]


def main(arguments: Sequence[str] | None = None) -> None:
    import boto3

    parser = argparse.ArgumentParser("python -m operations.rollback", description=__doc__)
    parser.add_argument("--stage", default="dev")
    parser.add_argument(
        "--version", type=int, help="model package version (default: the one that served before)"
    )
    parser.add_argument("--reason", default="", help="kept with the package that is left")
    given = parser.parse_args(arguments)
    stage = DeployedStage(given.stage, boto3.Session())
    try:
        arn = start(stage, version=given.version, reason=given.reason, now=datetime.now(UTC))
    except (NotDeployedError, NothingToRollBackError) as error:
        sys.exit(str(error))
    print(f"{arn}\nCtrl-C stops following it, and not the rollback.", flush=True)
    states = stage.session.client("stepfunctions")
    end = follow(states, arn, lambda name: print(f"  {name}", flush=True), time.sleep)
    print(f"{end.outcome}: {end.reason}")
    sys.exit(0 if end.outcome == "Promoted" else 1)


if __name__ == "__main__":
    main()
