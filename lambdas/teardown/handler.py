"""Teardown: the custom resource whose deletion clears away what the stack does not own."""

from __future__ import annotations

import time
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.settings import TeardownSettings
from lambdas.aws.custom_resources import reply
from lambdas.teardown.clearance import clear
from lambdas.telemetry import logger

PHYSICAL_ID = "teardown"
_RESERVE_SECONDS = 30.0  # for the reply, without which CloudFormation waits an hour


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Creating and updating do nothing. Whatever happens is told to CloudFormation, failures above all."""
    try:
        if event["RequestType"] == "Delete":
            clear(
                TeardownSettings.from_environment(),
                seconds_left=lambda: context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS,
                sleep=time.sleep,
            )
    except Exception as error:
        logger.exception("teardown failed")
        reply(event, "FAILED", f"{type(error).__name__}: {error}", physical_id=PHYSICAL_ID)
        return
    reply(event, "SUCCESS", "nothing is left that costs money", physical_id=PHYSICAL_ID)
