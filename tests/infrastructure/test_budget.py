"""`[budget] max_monthly_usd` as an AWS Budget; without it there is none."""

from __future__ import annotations

from dataclasses import replace

import cdk_nag
import pytest
from aws_cdk import Validations

from contracts.budget import Budget
from infra_cdk.stages import STAGES
from tests.infrastructure.template import Synthesised

TAGS = (("greenlight:pipeline", "housing"), ("greenlight:stage", "prod"))


@pytest.fixture(scope="module")
def template(config, synthesise) -> Synthesised:
    found: Synthesised = synthesise(replace(config, budget=Budget(max_monthly_usd=450.0)), STAGES["prod"])
    return found


def test_without_a_ceiling_there_is_no_budget(config, synthesise):
    resources = synthesise(config, STAGES["dev"]).document["Resources"].values()
    assert "AWS::Budgets::Budget" not in {resource["Type"] for resource in resources}


def test_the_budget_is_the_ceiling_for_what_bears_the_stage_s_tags(template: Synthesised):
    (found,) = [r for r in template.document["Resources"].values() if r["Type"] == "AWS::Budgets::Budget"]
    data = found["Properties"]["Budget"]
    assert data["BudgetLimit"] == {"Amount": 450, "Unit": "USD"}
    assert (data["BudgetName"], data["TimeUnit"]) == ("housing-prod", "MONTHLY")
    assert data["FilterExpression"]["And"] == [
        {"Tags": {"Key": key, "Values": [value]}} for key, value in TAGS
    ]


def test_it_tells_the_operators_topic_before_the_ceiling_and_when_it_is_forecast(template: Synthesised):
    resources = template.document["Resources"]
    (found,) = [r for r in resources.values() if r["Type"] == "AWS::Budgets::Budget"]
    told = found["Properties"]["NotificationsWithSubscribers"]
    kinds = [(one["Notification"]["NotificationType"], one["Notification"]["Threshold"]) for one in told]
    assert kinds == [("FORECASTED", 100), ("ACTUAL", 80)]
    topic = told[0]["Subscribers"][0]["Address"]["Ref"]
    assert resources[topic]["Type"] == "AWS::SNS::Topic"


@pytest.mark.parametrize("kind", ["AWS::SNS::TopicPolicy", "AWS::KMS::Key"])
def test_topic_and_key_let_budgets_of_this_account_in(template: Synthesised, kind: str):
    policies = [
        resource["Properties"].get("PolicyDocument") or resource["Properties"]["KeyPolicy"]
        for resource in template.document["Resources"].values()
        if resource["Type"] == kind
    ]
    statements = [
        s for policy in policies for s in policy["Statement"] if s.get("Sid") == "BudgetsOfThisAccount"
    ]
    assert statements
    for statement in statements:
        assert statement["Principal"] == {"Service": "budgets.amazonaws.com"}
        assert set(statement["Condition"]) == {"StringEquals", "ArnLike"}


def test_cdk_nag_finds_nothing_new(config, build):
    stack = build(replace(config, budget=Budget(max_monthly_usd=450.0)), STAGES["dev"])
    app = stack.node.root
    Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    app.synth()
