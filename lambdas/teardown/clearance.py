"""The steps of a teardown, in the order in which nothing new can come up behind them. Each may run twice."""

from __future__ import annotations

from collections.abc import Callable

from contracts.errors import EndpointBusyError, TrainingJobBusyError
from contracts.settings import TeardownSettings
from lambdas.aws import alarms, endpoints, executions, storage, training, transforms
from lambdas.aws.endpoints import MISSING, Endpoint
from lambdas.aws.registry import ModelRegistry
from lambdas.deployments import cleaning
from lambdas.telemetry import logger

_POLL_SECONDS = 5.0
_REASON = "the stack is being deleted"


def clear(
    settings: TeardownSettings, *, seconds_left: Callable[[], float], sleep: Callable[[float], None]
) -> None:
    """Raises EndpointBusyError or TrainingJobBusyError when the endpoint is not gone, or a job not ended, in
    time; a second attempt goes on from there.
    """
    stopped = executions.stop_all(settings.state_machine_arn, _REASON)
    if settings.batch_machine_arn:
        executions.stop_all(settings.batch_machine_arn, _REASON)
    _stop_batches(f"{settings.training_job_prefix}-", seconds_left, sleep)
    jobs = f"{settings.training_job_prefix}-"
    for name in training.running_jobs(jobs):
        training.stop(name)
    logger.info("stopped", executions=stopped)
    _delete_endpoint(settings, seconds_left, sleep)
    _delete_versions(settings)
    alarms.delete(alarms.names_with_prefix(settings.rollback_alarm_prefix))
    _wait_for_jobs(jobs, seconds_left, sleep)
    for bucket in filter(None, settings.buckets_to_empty.split(",")):
        storage.empty_bucket(bucket)


def _stop_batches(prefix: str, seconds_left: Callable[[], float], sleep: Callable[[float], None]) -> None:
    """A job that is stopped may still write."""
    for name in transforms.running_jobs(prefix):
        transforms.stop(name)
    while jobs := transforms.running_jobs(prefix) + transforms.stopping_jobs(prefix):
        if seconds_left() < 2 * _POLL_SECONDS:
            raise TrainingJobBusyError(
                f"transform job {jobs[0]} is still stopping; delete the stack again when it is not"
            )
        sleep(_POLL_SECONDS)


def _wait_for_jobs(prefix: str, seconds_left: Callable[[], float], sleep: Callable[[float], None]) -> None:
    """A job that is stopped still uploads what it has, and would fill a bucket that was just emptied."""
    while jobs := training.stopping_jobs(prefix) + training.running_jobs(prefix):
        if seconds_left() < 2 * _POLL_SECONDS:
            raise TrainingJobBusyError(
                f"training job {jobs[0]} is still stopping; delete the stack again when it is not"
            )
        sleep(_POLL_SECONDS)


def _delete_endpoint(
    settings: TeardownSettings, seconds_left: Callable[[], float], sleep: Callable[[float], None]
) -> None:
    """An endpoint cannot be deleted while it changes; a deployment is ended by setting off its alarm."""
    endpoint, tripped = Endpoint(settings.endpoint_name), False
    while (state := endpoint.state()).status != MISSING:
        if state.is_settled:
            endpoint.delete()
        elif state.pending_config_name and not tripped:
            for name in alarms.names_with_prefix(settings.rollback_alarm_prefix)[:1]:
                alarms.trip(name, _REASON)
            tripped = True
        if seconds_left() < 2 * _POLL_SECONDS:
            raise EndpointBusyError(
                f"endpoint {endpoint.name} is still {state.status}; delete the stack again when it is not"
            )
        sleep(_POLL_SECONDS)


def _delete_versions(settings: TeardownSettings) -> None:
    prefix = settings.endpoint_name
    for name in cleaning.of_pipeline(list(endpoints.config_names(prefix)), prefix):
        endpoints.delete_config(name)
    for name in cleaning.of_pipeline(list(endpoints.model_names(prefix)), prefix):
        endpoints.delete_model(name)
    registry = ModelRegistry(settings.model_package_group_name)
    for arn in registry.arns():
        registry.delete(arn)
