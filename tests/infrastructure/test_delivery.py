"""Who may deploy from GitHub: one repository, one environment a role, the bootstrap's roles alone."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from infra_cdk.delivery.__main__ import DeliveryError, asked
from infra_cdk.delivery.stack import DeliveryStack

ISSUER = "token.actions.githubusercontent.com"


def build(**more: Any) -> Template:
    app = cdk.App(builtin_cloud_formation_validation=False)
    stack = DeliveryStack(
        app, **{"pipeline": "housing", "repository_id": "123456", "environments": ("dev", "prod"), **more}
    )
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def template() -> Template:
    return build()


def roles(template: Template) -> dict[str, Any]:
    found = template.find_resources("AWS::IAM::Role").values()
    return {role["Properties"]["RoleName"]: role["Properties"] for role in found}


def test_each_environment_has_a_role_that_only_its_own_workflow_of_this_repository_may_take(
    template: Template,
):
    assert set(roles(template)) == {"housing-dev-delivery", "housing-prod-delivery"}
    for environment in ("dev", "prod"):
        document = roles(template)[f"housing-{environment}-delivery"]["AssumeRolePolicyDocument"]
        (statement,) = document["Statement"]
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert statement["Condition"] == {
            "StringEquals": {
                f"{ISSUER}:aud": "sts.amazonaws.com",
                f"{ISSUER}:repository_id": "123456",
                f"{ISSUER}:environment": environment,
            }
        }


def test_a_role_may_take_the_bootstrap_s_roles_and_protect_its_own_stack(template: Template):
    for policy in template.find_resources("AWS::IAM::Policy").values():
        first, second = policy["Properties"]["PolicyDocument"]["Statement"]
        assert first["Action"] == "sts:AssumeRole"
        assert len(first["Resource"]) == 4
        assert all(
            "cdk-hnb659fds-" in str(resource) and "*" not in str(resource) for resource in first["Resource"]
        )
        assert second["Action"] == [
            "cloudformation:DescribeStacks",
            "cloudformation:UpdateTerminationProtection",
        ]
        assert ":stack/housing-" in str(second["Resource"])
    assert all("ManagedPolicyArns" not in role for role in roles(template).values())


def test_an_account_that_has_the_provider_already_gets_no_second_one(template: Template):
    template.resource_count_is("AWS::IAM::OIDCProvider", 1)
    build(has_provider=True).resource_count_is("AWS::IAM::OIDCProvider", 0)


def test_an_account_of_its_own_for_prod_gets_the_role_of_prod_alone():
    assert set(roles(build(environments=("prod",)))) == {"housing-prod-delivery"}


@pytest.mark.parametrize("number", ["", "octo/repo", "0", "12a"])
def test_a_name_is_no_number(number: str):
    with pytest.raises(DeliveryError, match="gh api"):
        asked({"REPOSITORY_ID": number})


def test_environments_are_stages():
    assert asked({"REPOSITORY_ID": "7", "ENVIRONMENTS": "prod,prod"}) == ("7", ("prod",))
    with pytest.raises(DeliveryError, match="dev, prod"):
        asked({"REPOSITORY_ID": "7", "ENVIRONMENTS": "production"})
