"""SNS: what a message and a subscription may be, and mail that nobody has agreed to.

API reference, Publish (Subject: no line breaks or control characters, at most 100 characters) and Subscribe
(an e-mail address must confirm first; until then the ARN reads `pending confirmation`, and lists say
`PendingConfirmation`). No mail is sent here: the link's token is in the cloud's log.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import provisioners, responses

_log = logging.getLogger("localcloud.services.sns.topics")
_PROTOCOLS = frozenset(
    {"http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"}
)
_MAIL = frozenset({"email", "email-json"})
_MAIL_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{3,20}\Z")
_MAX_SUBJECT = 100
Answer = Any
Handler = Callable[[Mapping[str, Any]], Answer]


def install(cloud: Cloud) -> None:
    """Put the checks before ministack's handlers, for the API and for CloudFormation."""
    from localcloud.ministack_adapter import sns

    sns.publish = _publishing(sns.publish, sns)
    sns.publish_batch = _publishing_many(sns.publish_batch, sns)
    sns.subscribe = _subscribing(sns.subscribe, sns)
    for name in ("list_subscriptions", "list_subscriptions_by_topic"):
        setattr(sns, name, _hiding_pending(getattr(sns, name), sns))
    for kind in ("AWS::SNS::Topic", "AWS::SNS::Subscription"):
        handler = provisioners.RESOURCE_HANDLERS[kind]
        for verb in ("create", "update"):
            handler[verb] = _then_holding_mail(handler[verb], sns)


def message_problem(message: str, subject: str, structure: str) -> str | None:
    """What SNS finds wrong with a message, None for a good one."""
    if not message:
        return "Empty message"
    if subject and (len(subject) > _MAX_SUBJECT or not subject.isprintable()):
        return "Subject"
    if not structure:
        return None
    if structure != "json":
        return "MessageStructure"
    try:
        parts = json.loads(message)
    except ValueError:
        return "Message Structure - JSON message body failed to parse"
    if not isinstance(parts, dict) or not isinstance(parts.get("default"), str):
        return "Message Structure - No default entry in JSON message body"
    return None


def endpoint_problem(protocol: str, endpoint: str) -> str | None:
    """What SNS finds wrong with a subscription, None for a good one."""
    if protocol not in _PROTOCOLS:
        return f"Amazon SNS does not support this protocol string: {protocol}"
    if protocol in _MAIL and not _MAIL_ADDRESS.match(endpoint):
        return "Email address"
    if protocol == "sms" and not _PHONE.match(endpoint):
        return f"Invalid SMS endpoint: {endpoint}"
    if protocol in ("http", "https") and not endpoint.startswith(f"{protocol}://"):
        return "Endpoint must match the specified protocol"
    return None


def _refusal(sns: Any, problem: str) -> Answer:
    return sns.error_response("InvalidParameter", f"Invalid parameter: {problem}", 400)


def _publishing(publish: Handler, sns: Any) -> Handler:
    def checked(params: Mapping[str, Any]) -> Answer:
        asked = (sns.parameter(params, name) for name in ("Message", "Subject", "MessageStructure"))
        problem = message_problem(*asked)
        return _refusal(sns, problem) if problem else publish(params)

    return checked


def _publishing_many(publish: Handler, sns: Any) -> Handler:
    """A bad entry is refused with the whole batch: ministack tells no single one apart."""

    def checked(params: Mapping[str, Any]) -> Answer:
        for entry in sns.parse_batch_entries(params):
            asked = (entry.get(name) or "" for name in ("message", "subject", "message_structure"))
            problem = message_problem(*asked)
            if problem:
                return _refusal(sns, f"{problem} (entry {entry['id']})")
        return publish(params)

    return checked


def _subscribing(subscribe: Handler, sns: Any) -> Handler:
    def checked(params: Mapping[str, Any]) -> Answer:
        protocol, endpoint = sns.parameter(params, "Protocol"), sns.parameter(params, "Endpoint")
        problem = endpoint_problem(protocol, endpoint)
        if problem:
            return _refusal(sns, problem)
        answer = subscribe(params)
        if protocol not in _MAIL or answer[0] != 200:
            return answer
        pending = _hold_mail(sns)
        asks_for_arn = str(sns.parameter(params, "ReturnSubscriptionArn")).lower() == "true"
        return answer if asks_for_arn else _renamed(answer, pending, "pending confirmation")

    return checked


def _hiding_pending(list_all: Handler, sns: Any) -> Handler:
    def listed(params: Mapping[str, Any]) -> Answer:
        return _renamed(list_all(params), _pending(sns), "PendingConfirmation")

    return listed


def _then_holding_mail(make: Callable[..., Any], sns: Any) -> Callable[..., Any]:
    def made(*arguments: Any, **named: Any) -> Any:
        answer = make(*arguments, **named)
        _hold_mail(sns)
        return answer

    return made


def _hold_mail(sns: Any) -> set[str]:
    """Make every new subscription by mail wait for its confirmation; the ARNs of all that wait."""

    for topic in sns.topics.values():
        for each in topic["subscriptions"]:
            if each["protocol"] in _MAIL and each.get("confirmed") and "mailed" not in each:
                each.update(confirmed=False, mailed=True, token=responses.new_uuid())
                each["attributes"].update(PendingConfirmation="true", ConfirmationWasAuthenticated="false")
                sns.refresh_subscription_counts(topic)
                _log.info(
                    "SNS would ask %s to confirm: aws sns confirm-subscription --topic-arn %s --token %s",
                    each["endpoint"],
                    topic["arn"],
                    each["token"],
                )
    return _pending(sns)


def _pending(sns: Any) -> set[str]:
    return {
        str(each["arn"])
        for topic in sns.topics.values()
        for each in topic["subscriptions"]
        if not each.get("confirmed")
    }


def _renamed(answer: Answer, arns: set[str], name: str) -> Answer:
    """The answer with the name in the place of these subscriptions' ARNs."""
    status, headers, body = answer
    text = body.decode() if isinstance(body, bytes) else body
    for arn in arns:
        text = text.replace(f"<SubscriptionArn>{arn}<", f"<SubscriptionArn>{name}<")
    return status, headers, text.encode() if isinstance(body, bytes) else text
