"""Protects a deployed stage that keeps its data from a slip: `make deploy` runs it at its end.

The CDK CLI would set the protection before the first change set runs, and a first deployment that fails then
leaves a stack that can neither be repeated nor deleted. A later `cdk deploy` by hand takes the protection off
again, because the template's stack does not name it; `make deploy` puts it back.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from contracts.names import RETAINS_DATA_TAG
from operations.deployed import DeployedStage, NotDeployedError

# CloudFormation API Reference, `Stack`: what a stack is after a deployment that succeeded.
DEPLOYED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "IMPORT_COMPLETE")


def protect(stage: DeployedStage) -> bool:
    """Switch termination protection on; False for a stage that keeps nothing or is not deployed whole.

    Raises NotDeployedError where there is no stack.
    """
    stack = stage.stack
    kept = {"Key": RETAINS_DATA_TAG, "Value": "true"} in stack.get("Tags", [])
    if not kept or stack["StackStatus"] not in DEPLOYED:
        return False
    cloudformation = stage.session.client("cloudformation")
    cloudformation.update_termination_protection(
        StackName=stage.names.prefix, EnableTerminationProtection=True
    )
    return True


def main(arguments: Sequence[str] | None = None) -> None:
    import boto3

    parser = argparse.ArgumentParser("python -m operations.protect", description=__doc__)
    parser.add_argument("--stage", default="dev")
    stage = DeployedStage(parser.parse_args(arguments).stage, boto3.Session())
    try:
        protected = protect(stage)
    except NotDeployedError as error:
        sys.exit(str(error))
    if protected:
        print(f"The stack {stage.names.prefix} is protected from deletion.")


if __name__ == "__main__":
    main()
