"""CheckStanding: started by a schedule; counts what a person must know of in a metric that an alarm reads."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import metrics
from contracts.settings import CheckStandingSettings
from lambdas.deployments import standing
from lambdas.telemetry import count, logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The endpoint is missing, or serves what a person rejected: no execution may come by to see it."""
    settings = CheckStandingSettings.from_environment()
    found = standing.look(settings.endpoint_name, settings.model_package_group_name)
    if found.needs_a_person:
        logger.error("endpoint and registry disagree", how=found.disagreement)
        count(settings.metric_namespace, metrics.ENDPOINT_ASTRAY)
    return {"needs_a_person": found.needs_a_person, "disagreement": found.disagreement}
