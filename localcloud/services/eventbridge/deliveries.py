"""What one AWS service hands to another, with the permission that AWS asks for.

EventBridge delivers to a queue, topic or function only if the target's policy (and its KMS key's) lets it,
and puts what it cannot deliver on the target's dead-letter queue. Lambda reads a queue in the function's
role. ministack delivers without asking.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.iam import decisions
from localcloud.iam.key_use import key_arn_of
from localcloud.iam.sessions import RoleNotAssumableError, standing_session
from localcloud.ministack_adapter import iam_evaluator, lambda_svc, provisioners, responses, sns, sqs

_log = logging.getLogger("localcloud.services.eventbridge.deliveries")
_EVENTS = "events.amazonaws.com"
_REMEMBERED_SECONDS = 1.0
_ACTIONS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}
# What a mapping does in the function's name, by its source.
_MAPPING_ACTIONS = {
    "sqs": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "kinesis": (
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
    ),
}
_SHOWN = {"sqs": "SQS", "kinesis": "Kinesis"}


def install(cloud: Cloud) -> None:
    """Put the checks in the way of EventBridge's targets and Lambda's event source mappings."""
    from localcloud.iam import resource_policies
    from localcloud.ministack_adapter import eventbridge

    resource_policies.install()
    eventbridge.invoke_target = _Targets(cloud, eventbridge).invoking(eventbridge.invoke_target)
    mappings = _Mappings(cloud)
    lambda_svc.iter_all_esms = mappings.permitted(lambda_svc.iter_all_esms)
    lambda_svc.create_esm = mappings.creating(lambda_svc.create_esm)
    handler = provisioners.RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    handler["create"] = mappings.provisioning(handler["create"])


class _Targets:
    """EventBridge's deliveries."""

    def __init__(self, cloud: Cloud, eventbridge: Any) -> None:
        self._cloud = cloud
        self._eventbridge = eventbridge

    def invoking(self, invoke_target: Any) -> Any:
        def invoke(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any = None) -> None:
            service = target.get("Arn", "").split(":")[2:3]
            problem = (
                self._problem(target["Arn"], service[0], rule) if service and service[0] in _ACTIONS else None
            )
            if problem is None:
                invoke_target(target, event, rule, view)
                return
            _log.warning("EventBridge did not deliver to %s: %s", target["Arn"], problem)
            self._to_dead_letters(target, event, rule, problem)

        return invoke

    def _problem(self, arn: str, service: str, rule: Mapping[str, Any]) -> str | None:
        """Why the target's policy, or its key's, does not let EventBridge in; None when it does."""

        context = self._context(rule)
        found = iam_evaluator.resource_policy(service, arn)
        if found is None or not allows(found[0], _EVENTS, _ACTIONS[service], arn, context):
            return f"its policy does not allow {_EVENTS} {_ACTIONS[service]} for {context['aws:SourceArn']}"
        key_arn = self._key(service, arn)
        if key_arn is None:
            return None
        key_policy = (iam_evaluator.resource_policy("kms", key_arn) or ("", ""))[0]
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            if not allows(key_policy, _EVENTS, action, key_arn, context):
                return f"the policy of its key {key_arn} does not allow {_EVENTS} {action}"
        return None

    def _context(self, rule: Mapping[str, Any]) -> dict[str, str]:
        arn = rule.get("Arn") or self._eventbridge.rule_arn(rule["Name"], rule.get("EventBusName", "default"))
        return {"aws:SourceArn": arn, "aws:SourceAccount": self._cloud.account}

    def _key(self, service: str, arn: str) -> str | None:
        if service == "sqs":
            return key_arn_of((sqs.queue_by_arn(arn) or {}).get("attributes", {}).get("KmsMasterKeyId"))
        if service == "sns":
            topic = sns.topic_by_arn_any_scope(arn) or {}
            return key_arn_of(topic.get("attributes", {}).get("KmsMasterKeyId"))
        return None

    def _to_dead_letters(
        self, target: Mapping[str, Any], event: Any, rule: Mapping[str, Any], problem: str
    ) -> None:
        """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html."""
        arn = (target.get("DeadLetterConfig") or {}).get("Arn")
        if not arn or self._problem(arn, "sqs", rule) is not None:
            return

        view = self._eventbridge.pattern_event_view(event)
        attributes = {
            "RULE_ARN": self._context(rule)["aws:SourceArn"],
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": "NO_PERMISSIONS",
            "ERROR_MESSAGE": problem,
        }
        self._cloud.emit_message(
            sqs.queue_url(arn.rpartition(":")[2]), json.dumps(view.event_with_detail()), attributes
        )


def allows(policy: Any, service: str, action: str, arn: str, context: Mapping[str, str]) -> bool:
    """Whether a resource's policy lets an AWS service act on it."""

    asked = iam_evaluator.EvalContext(
        principal_arn=f"service:{service}",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=arn,
        region="",
        secure_transport=True,  # AWS's services speak TLS to each other
        service_context={name.lower(): value for name, value in context.items()},
    )
    return bool(iam_evaluator.evaluate_resource_policy(policy, asked, service=service).decision == "Allow")


class _Mappings:
    """Lambda's reading of queues, in the role of the function."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._remembered: dict[tuple[str, str], tuple[float, str | None]] = {}

    def permitted(self, iterate: Any) -> Any:
        """Leave out mappings whose function's role may not read the queue; the mapping tells why."""

        def mappings() -> Iterator[Any]:
            for account, region, mapping in iterate():
                problem = self._problem_of(mapping)
                if problem is None:
                    yield account, region, mapping
                else:
                    mapping["LastProcessingResult"] = f"PROBLEM: {problem}"

        return mappings

    def creating(self, create: Any) -> Any:
        def create_mapping(data: dict[str, Any]) -> Any:
            problem = self._problem(data.get("EventSourceArn", ""), data.get("FunctionName", ""))
            return (
                responses.error_response_json("InvalidParameterValueException", problem, 400)
                if problem
                else create(data)
            )

        return create_mapping

    def provisioning(self, create: Any) -> Any:
        def create_mapping(logical_id: str, properties: dict[str, Any], *rest: Any) -> Any:
            problem = self._problem(properties.get("EventSourceArn", ""), properties.get("FunctionName", ""))
            if problem:
                raise ValueError(f"{problem} (Service: Lambda, Error Code: InvalidParameterValueException)")
            return create(logical_id, properties, *rest)

        return create_mapping

    def _problem_of(self, mapping: Mapping[str, Any]) -> str | None:
        asked = (mapping.get("EventSourceArn", ""), mapping.get("FunctionName", ""))
        at, problem = self._remembered.get(asked, (0.0, None))
        if time.monotonic() - at > _REMEMBERED_SECONDS:
            problem = self._problem(*asked)
            self._remembered[asked] = (time.monotonic(), problem)
        return problem

    def _problem(self, source_arn: str, function: str) -> str | None:
        """What the function's role may not do on the queue or stream, in Lambda's words; None for other
        sources."""
        service = next((name for name in _MAPPING_ACTIONS if f":{name}:" in source_arn), "")
        if not service:
            return None
        with self._cloud.scope():
            _, config, _ = lambda_svc.get_func_record_for_ref(function)
            is_there = service != "sqs" or sqs.queue_by_arn(source_arn) is not None
        if not config or not is_there:
            return None
        try:
            with self._cloud.scope():
                keys = standing_session(config["Role"], config["FunctionName"])
        except RoleNotAssumableError as error:
            return str(error)
        for action in _MAPPING_ACTIONS[service]:
            try:
                decisions.check(
                    keys, action, source_arn, account=self._cloud.account, region=self._cloud.region
                )
            except decisions.NotAuthorizedError as error:
                verb = action.partition(":")[2]
                what = f"to call {verb} on {_SHOWN[service]}"
                return f"The function execution role does not have permissions {what}: {error}"
        return None
