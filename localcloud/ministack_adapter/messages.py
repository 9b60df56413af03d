"""ministack's SQS and SNS."""

from __future__ import annotations

from localcloud.ministack_adapter.seam import Replaces, Seam, Uses


class Sqs(Seam):
    path = "ministack.services.sqs"

    CANONICAL_NETLOC = Replaces("_CANONICAL_NETLOC", holds="str")
    DEFAULT_PORT = Replaces("DEFAULT_PORT", holds="str")
    HOST_EXPLICIT = Replaces("_HOST_EXPLICIT", holds="bool")
    load_persisted_state = Replaces("load_persisted_state", takes="data")
    queue_policy_allows = Replaces("queue_policy_allows", takes="queue_arn service source_arn source_account")
    HANDLERS = Uses("_HANDLERS", holds="dict")
    QueueError = Uses("_Err", holds="type")
    act_send_message = Uses("_act_send_message", takes="data qurl")
    esm_wake = Uses("esm_wake", holds="Event")
    queue_by_arn = Uses("_queue_by_arn", takes="arn")
    queue_url = Uses("_queue_url", takes="name")
    queues = Uses("_queues", holds="AccountRegionScopedDict")
    queues_lock = Uses("_queues_lock", holds="lock")


class Sns(Seam):
    path = "ministack.services.sns"

    list_subscriptions = Replaces("_list_subscriptions", takes="params")
    list_subscriptions_by_topic = Replaces("_list_subscriptions_by_topic", takes="params")
    publish = Replaces("_publish", takes="params")
    publish_batch = Replaces("_publish_batch", takes="params")
    subscribe = Replaces("_subscribe", takes="params")
    topic_policy_allows = Replaces("topic_policy_allows", takes="topic_arn service source_arn source_account")
    SnsPublishError = Uses("SnsPublishError", holds="type")
    error_response = Uses("_error", takes="code message status")
    parameter = Uses("_p", takes="params key default")
    parse_batch_entries = Uses("_parse_batch_entries", takes="params")
    publish_internal = Uses(
        "publish_internal",
        takes="topic_arn message subject "
        "message_structure message_attributes message_group_id message_deduplication_id",
    )
    refresh_subscription_counts = Uses("_refresh_subscription_counts", takes="topic")
    topic_by_arn_any_scope = Uses("_topic_by_arn_any_scope", takes="topic_arn")
    topic_policy_for_arn = Uses("topic_policy_for_arn", takes="topic_arn")
    topics = Uses("_topics", holds="AccountRegionScopedDict")


sqs = Sqs()
sns = Sns()
