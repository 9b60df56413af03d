"""Sources: nothing of them unless pipeline.toml has some; each may be read, and its one upload be added."""

from __future__ import annotations

from dataclasses import replace

import aws_cdk as cdk
import cdk_nag
import pytest

from contracts.sources import Source
from infra_cdk.stages import DEV
from tests.infrastructure.template import text
from tests.infrastructure.test_access import ALWAYS, with_company

SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:prices-abcdef"
SOURCES = (
    Source(
        name="prices", uri="https://data.example/p.csv", upload="p.csv", stages=("dev",), secret_arn=SECRET
    ),
    Source(name="theirs", uri="s3://theirs/a/b.csv", upload="b.csv", stages=("dev",), every_hours=1),
)


@pytest.fixture(scope="module")
def opened(config):
    return replace(config, sources=SOURCES)


@pytest.fixture(scope="module")
def pulled(opened, synthesise):
    return synthesise(opened, DEV)


def test_without_sources_there_is_nothing_of_them(dev):
    assert "PullSource" not in str(dev.document)


def test_each_source_has_a_rule_that_names_it(pulled):
    rules = {
        rule["Targets"][0]["Input"]: rule["ScheduleExpression"]
        for rule in pulled.properties("AWS::Events::Rule")
        if "Input" in rule.get("Targets", [{}])[0]
    }
    assert rules == {'{"source": "prices"}': "rate(24 hours)", '{"source": "theirs"}': "rate(1 hour)"}


def test_the_function_may_do_what_its_handler_calls_and_nothing_else(pulled, code):
    called = code.actions("lambdas.pull_source.handler.handler")
    granted = pulled.actions(pulled.role_of(pulled.function("PullSource")))
    assert not called - granted
    assert not granted - with_company(called) - ALWAYS


def test_it_reads_its_sources_and_adds_their_uploads_alone(pulled):
    role = pulled.role_of(pulled.function("PullSource"))
    raw = text(pulled.document["Outputs"]["RawBucketName"]["Value"]).strip("<>")
    for action, arn, may in (
        ("s3:PutObject", f"<{raw}.Arn>/incoming/p.csv", True),
        ("s3:PutObject", f"<{raw}.Arn>/incoming/other.csv", False),
        ("s3:GetObject", "arn:<AWS::Partition>:s3:::theirs/a/b.csv", True),
        ("s3:GetObject", "arn:<AWS::Partition>:s3:::theirs/a/c.csv", False),
        ("secretsmanager:GetSecretValue", SECRET, True),
        ("secretsmanager:GetSecretValue", f"{SECRET}2", False),
    ):
        assert pulled.allows(role, action, arn) is may, (action, arn)


def test_nothing_is_fetched_any_more_when_the_buckets_are_emptied(pulled):
    (teardown,) = [name for name, r in pulled.resources.items() if r["Type"] == "Custom::Teardown"]
    rules = [
        name
        for name, r in pulled.of_type("AWS::Events::Rule").items()
        if "pull" in str(r["Properties"]["Name"])
    ]
    assert len(rules) == 2
    assert all(teardown in pulled.needs(name) for name in rules)


def test_cdk_nag_finds_nothing_but_what_is_acknowledged_with_a_reason(opened, build):
    app = build(opened, DEV).node.root
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    app.synth()
