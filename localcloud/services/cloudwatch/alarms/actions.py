"""Carries alarms' changes of state to EventBridge, SNS and Lambda, in the order in which they happened.

A thread of its own does it, because a subscriber may be slow and alarms must not wait for it.
"""

import json
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from localcloud.iam import resource_policies
from localcloud.ministack_adapter import app, eventbridge, iam_evaluator, lambda_svc, responses, sns
from localcloud.services.cloudwatch.alarms import notifications
from localcloud.services.cloudwatch.alarms.engine import AlarmEngine
from localcloud.services.cloudwatch.alarms.records import AlarmRecords
from localcloud.services.cloudwatch.alarms.transitions import Transition

_log = logging.getLogger("localcloud.services.cloudwatch")
_SNS_PRINCIPAL = "cloudwatch.amazonaws.com"
_LAMBDA_PRINCIPAL = "lambda.alarms.cloudwatch.amazonaws.com"


class ActionError(Exception):
    """An action that could not be executed; the message goes into the alarm's history."""


class ActionSender:
    """Delivers transitions one after the other."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[AlarmEngine, Transition] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self.work, name="alarm-actions", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Deliver what is waiting, then end."""
        self._queue.put(None)
        self._thread.join(timeout=2)

    def send(self, engine: AlarmEngine, transition: Transition) -> None:
        """Deliver a transition soon."""
        self._queue.put((engine, transition))

    def work(self) -> None:
        """Deliver until told to stop."""
        while (task := self._queue.get()) is not None:
            self._deliver(task)

    def catch_up(self) -> None:
        """Deliver what is waiting, in this thread."""
        while not self._queue.empty():
            if (task := self._queue.get()) is not None:
                self._deliver(task)

    def _deliver(self, task: tuple[AlarmEngine, Transition]) -> None:
        try:
            deliver(*task)
        except Exception:
            _log.exception("the change of alarm %s was not announced", task[1].alarm["AlarmName"])


def deliver(engine: AlarmEngine, transition: Transition) -> None:
    """Announce one transition, and execute the alarm's actions on it."""
    with responses.request_scope(engine.alarm_records.account, engine.alarm_records.region):
        _put_event(transition)
        if transition.alarm.get("ActionsEnabled", True):
            for arn in transition.alarm[notifications.ACTIONS_ON[transition.alarm["StateValue"]]]:
                _execute(engine, transition, arn)


def _put_event(transition: Transition) -> None:
    entry = {
        "Source": "aws.cloudwatch",
        "DetailType": "CloudWatch Alarm State Change",
        "Detail": json.dumps(notifications.event_detail(transition)),
        "Resources": [transition.alarm["AlarmArn"]],
    }
    eventbridge.ensure_default_bus()
    eventbridge.put_events({"Entries": [entry]}, allow_aws_source=True)


def _execute(engine: AlarmEngine, transition: Transition, arn: str) -> None:
    name = transition.alarm["AlarmName"]
    action = _ACTIONS.get(arn.split(":")[2])
    data = {"actionState": "Succeeded", "notificationResource": arn, "stateUpdateTimestamp": transition.at}
    summary = f"Successfully executed action {arn}"
    try:
        if action is None:
            raise ActionError(f"the embedded cloud executes {' and '.join(_ACTIONS)} actions only")
        action(engine.alarm_records, transition, arn)
    except ActionError as error:
        data.update(actionState="Failed", error=str(error))
        summary = f'Failed to execute action {arn}. Received error: "{error}"'
        _log.warning("alarm %s: %s", name, summary)
    engine.note_action(name, summary, data)


def _publish(alarm_records: AlarmRecords, transition: Transition, arn: str) -> None:
    """Publish as CloudWatch's service principal, for the topic's policy to allow."""
    alarm = transition.alarm
    if sns.topic_policy_for_arn(arn) is None:
        raise ActionError("Topic does not exist")
    asker = (arn, _SNS_PRINCIPAL, alarm["AlarmArn"], alarm_records.account)
    if not resource_policies.topic_allows(*asker):
        raise ActionError(f"CloudWatch Alarms is not authorized to perform: SNS:Publish on resource: {arn}")
    if key := resource_policies.topic_key_refusing(*asker):
        raise ActionError(
            f"CloudWatch Alarms does not have authorization to access the SNS topic encryption key {key}"
        )
    message = notifications.sns_message(transition, alarm_records.account, alarm_records.region)
    try:
        sns.publish_internal(arn, message, notifications.subject(alarm, alarm_records.region))
    except sns.SnsPublishError as error:
        raise ActionError(str(error)) from None


def _invoke(alarm_records: AlarmRecords, transition: Transition, arn: str) -> None:
    function, configuration, name = lambda_svc.get_func_record_for_ref(arn)
    if not function or not configuration:
        raise ActionError(f"Function not found: {arn}")
    if app.AUTH and not _may_invoke(alarm_records, transition, arn, function):
        raise ActionError(f"CloudWatch Alarms is not authorized to perform: lambda:InvokeFunction on {name}")
    record = lambda_svc.execution_record_for_config(function, configuration)
    payload = notifications.lambda_payload(transition, alarm_records.account, alarm_records.region)
    threading.Thread(
        target=lambda_svc.execute_function_with_config_scope, args=(record, payload), daemon=True
    ).start()


def _may_invoke(alarm_records: AlarmRecords, transition: Transition, arn: str, function: Any) -> bool:
    """Whether the function's resource policy lets alarms invoke it."""
    context = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=arn,
        region=alarm_records.region,
        service_context={
            "aws:sourcearn": transition.alarm["AlarmArn"],
            "aws:sourceaccount": alarm_records.account,
        },
    )
    policy = json.dumps(function.get("policy") or {})
    result = iam_evaluator.evaluate_resource_policy(policy, context, service=_LAMBDA_PRINCIPAL)
    return bool(result.decision == "Allow")


def add(service: str, act: Callable[[str, str], None]) -> None:
    """Have a service's ARNs acted on: `act(alarm name, ARN)`, which may raise ActionError."""
    _ACTIONS[service] = lambda alarm_records, transition, arn: act(transition.alarm["AlarmName"], arn)


_ACTIONS: dict[str, Callable[[AlarmRecords, Transition, str], None]] = {"sns": _publish, "lambda": _invoke}
