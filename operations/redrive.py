"""`make redrive STAGE=...`: put the dead letters back on the upload queue.

What was started in the meantime starts nothing again: an execution is named after bucket, key and version.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from operations.deployed import DeployedStage, NotDeployedError

_WAITING = "ApproximateNumberOfMessages"


def redrive(stage: DeployedStage) -> int:
    """Start SQS's own move task; about how many messages it moves."""
    sqs = stage.session.client("sqs")
    dead = _attributes(sqs, stage.outputs["DeadLetterQueueUrl"])
    uploads = _attributes(sqs, stage.outputs["UploadQueueUrl"])
    waiting = int(dead[_WAITING])
    if waiting:
        # Named, because letters that EventBridge itself could not deliver have no queue to go back to.
        sqs.start_message_move_task(SourceArn=dead["QueueArn"], DestinationArn=uploads["QueueArn"])
    return waiting


def _attributes(sqs: Any, url: str) -> dict[str, str]:
    names = ["QueueArn", _WAITING]
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    import boto3

    parser = argparse.ArgumentParser("python -m operations.redrive", description=__doc__)
    parser.add_argument("--stage", default="dev")
    stage = DeployedStage(parser.parse_args(arguments).stage, boto3.Session())
    try:
        count = redrive(stage)
    except NotDeployedError as error:
        sys.exit(str(error))
    print(f"{count} dead letters go back to the upload queue." if count else "There are no dead letters.")


if __name__ == "__main__":
    main()
