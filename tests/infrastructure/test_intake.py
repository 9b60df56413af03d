from __future__ import annotations

import pytest

from tests.infrastructure.template import listed, text


def intake_rule(template):
    """The logical id and the properties of the one rule that waits for objects; others keep a schedule."""
    rules = template.of_type("AWS::Events::Rule").items()
    ((name, rule),) = [(name, rule) for name, rule in rules if "EventPattern" in rule["Properties"]]
    return name, rule["Properties"]


def starts(template, key: str) -> bool:
    """Whether an object of that key in the raw bucket gets past the rule."""
    _, rule = intake_rule(template)
    wanted = rule["EventPattern"]["detail"]["object"]["key"]
    return any(key.startswith(w["prefix"]) for w in wanted)


@pytest.mark.parametrize(
    "name",
    [
        "housing.csv",
        "june/manifest.json",
        "PART.CSV.gz",
        "mixed.Csv",
        "a.parquet",
        "notes.txt",
        "_temporary/a",
    ],
)
def test_all_that_lies_under_incoming_reaches_the_starter_which_decides(dev, name):
    assert starts(dev, f"incoming/{name}")


@pytest.mark.parametrize("key", ["housing.csv", "outgoing/housing.csv", "labels/incoming/a.csv"])
def test_nothing_else_gets_past_the_rule(dev, key):
    assert not starts(dev, key)


def test_only_the_raw_buckets_events_are_asked_for(template):
    _, rule = intake_rule(template)
    (bucket,) = rule["EventPattern"]["detail"]["bucket"]["name"]
    raw = template.document["Outputs"]["RawBucketName"]["Value"]
    assert bucket == raw
    notifications = template.resources[raw["Ref"]]["Properties"]["NotificationConfiguration"]
    assert notifications == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


def test_the_queue_holds_the_event_unchanged(template):
    _, rule = intake_rule(template)
    (target,) = rule["Targets"]
    assert not {"Input", "InputPath", "InputTransformer"} & set(target)


def test_what_cannot_be_started_ends_in_the_dead_letter_queue(template):
    dead = template.document["Outputs"]["DeadLetterQueueUrl"]["Value"]["Ref"]
    dead_arn = {"Fn::GetAtt": [dead, "Arn"]}
    uploads = template.document["Outputs"]["UploadQueueUrl"]["Value"]["Ref"]
    assert template.resources[uploads]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"] == dead_arn
    _, rule = intake_rule(template)
    assert rule["Targets"][0]["DeadLetterConfig"] == {"Arn": dead_arn}


def test_a_dead_letter_outlives_the_queues_own_time_limit(template):
    """SQS counts a message's age from its first enqueueing, also after it has moved."""
    outputs = template.document["Outputs"]
    queue, dead = (
        template.resources[outputs[name]["Value"]["Ref"]]["Properties"]["MessageRetentionPeriod"]
        for name in ("UploadQueueUrl", "DeadLetterQueueUrl")
    )
    assert dead > queue


def test_nobody_but_the_rule_may_send_to_the_queues(template):
    rule, _ = intake_rule(template)
    for policy in template.properties("AWS::SQS::QueuePolicy"):
        for s in policy["PolicyDocument"]["Statement"]:
            if s["Effect"] == "Allow":
                assert s["Principal"] == {"Service": "events.amazonaws.com"}
                assert text(s["Condition"]["ArnEquals"]["aws:SourceArn"]) == f"<{rule}.Arn>"


def test_one_bad_message_does_not_bring_its_batch_back(template):
    (mapping,) = template.properties("AWS::Lambda::EventSourceMapping")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_message_stays_hidden_while_its_starter_may_still_be_at_work(template):
    uploads = template.document["Outputs"]["UploadQueueUrl"]["Value"]["Ref"]
    hidden = template.resources[uploads]["Properties"]["VisibilityTimeout"]
    assert hidden >= 6 * template.function("StartExecution")["Timeout"]


def test_the_intake_opens_last_and_closes_first(template):
    """What needs the teardown resource is created after it, and deleted before it runs."""
    (teardown,) = template.of_type("Custom::Teardown")
    rule, _ = intake_rule(template)
    for name in (rule, *template.of_type("AWS::Lambda::EventSourceMapping")):
        assert teardown in listed(template.resources[name]["DependsOn"])
