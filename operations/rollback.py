"""`make rollback STAGE=...`: deploy the previous champion, with the guardrails that every model gets.

It starts an execution of the pipeline's own state machine and follows it. Whoever runs it needs to read the
stack's outputs and the model packages, and to start and read executions; what is done, the pipeline's own
roles do.
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
    """Start the rollback from the package that is champion now; the execution's ARN.

    The execution checks that nothing else became champion meanwhile, so that a command given twice goes back
    once. Raises NothingToRollBackError.
    """
    approved = _approved(stage)
    if not approved or (version is None and len(approved) < 2):
        raise NothingToRollBackError(
            f"{stage.names.prefix} has {len(approved)} approved model packages: there is none to go back to"
        )
    leaving = approved[0]
    rollback: dict[str, Any] = {"from_package_arn": leaving["ModelPackageArn"], "reason": reason}
    if version is not None:
        rollback["to_version"] = version
    started = stage.session.client("stepfunctions").start_execution(
        stateMachineArn=stage.outputs["StateMachineArn"],
        name=f"rollback-from-{leaving['ModelPackageVersion']}-{now:%Y%m%dT%H%M%S%f}",
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


def _approved(stage: DeployedStage) -> list[dict[str, Any]]:
    """Approved packages, newest first: the champion and those before it."""
    answer = stage.session.client("sagemaker").list_model_packages(
        ModelPackageGroupName=stage.outputs["ModelPackageGroupName"],
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
    )
    found: list[dict[str, Any]] = answer["ModelPackageSummaryList"]
    return found


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
    parser.add_argument("--version", type=int, help="model package version (default: the champion before)")
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
