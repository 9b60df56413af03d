"""The front: closed unless pipeline.toml opens it, and then each part may do its own thing alone."""

from __future__ import annotations

import json
from dataclasses import replace

import aws_cdk as cdk
import cdk_nag
import pytest

from contracts.front import Front
from contracts.names import folder_of
from infra_cdk.stages import DEV, PROD
from tests.infrastructure.conftest import ROOT
from tests.infrastructure.template import text
from tests.infrastructure.test_access import ALWAYS, with_company

FUNCTIONS = ("Predict", "AcceptLabels", "AuthorizeCaller")
TOKENS = Front(
    stages=("dev",),
    auth="jwt",
    issuer="https://id.example.com",
    audiences=("shop", "app"),
    api_keys=("mobile", "partner"),
    web_acl_arn="arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/edge/0f1e",
)
SIGNED = Front(stages=("dev",))


@pytest.fixture(scope="module")
def front(config, synthesise):
    return synthesise(replace(config, front=TOKENS), DEV)


@pytest.fixture(scope="module")
def signed(config, synthesise):
    return synthesise(replace(config, front=SIGNED), DEV)


def logical_id(template, state):
    name = template.names.function(state)
    return template.the("AWS::Lambda::Function", FunctionName=name)[0]


def methods(template):
    """By path: the properties of each method."""
    resources = template.of_type("AWS::ApiGateway::Resource")
    paths = {name: r["Properties"]["PathPart"] for name, r in resources.items()}
    return {
        f"{p['HttpMethod']} {paths[text(p['ResourceId']).strip('<>')]}": p
        for p in template.properties("AWS::ApiGateway::Method")
    }


def test_a_stage_that_is_not_named_has_nothing_of_it(config, synthesise, dev):
    prod = synthesise(replace(config, front=TOKENS), PROD)
    for template in (prod, dev):
        assert not [r for r in template.resources.values() if r["Type"].startswith("AWS::ApiGateway")]
        assert "FrontUrl" not in template.document["Outputs"]


def test_opening_it_changes_nothing_of_what_was_there(dev, front, signed):
    for opened in (front, signed):
        for name, resource in dev.resources.items():
            if resource["Type"] != "AWS::CloudFormation::CustomResource":
                assert opened.resources[name] == resource, name


def test_every_method_asks_who_calls(front, signed):
    assert set(methods(front)) == {"POST predictions", "POST labels", "GET model", "GET openapi.json"}
    for properties in methods(front).values():
        assert (properties["AuthorizationType"], properties["ApiKeyRequired"]) == ("CUSTOM", True)
        assert properties["AuthorizerId"]
    for properties in methods(signed).values():
        assert properties["AuthorizationType"] == "AWS_IAM"
    assert not signed.of_type("AWS::ApiGateway::Authorizer")
    assert "AuthorizeCaller" not in str(signed.document)


def test_labels_and_predictions_have_a_function_each(front):
    for method, function in (("POST predictions", "Predict"), ("POST labels", "AcceptLabels")):
        name = logical_id(front, function)
        assert f"<{name}.Arn>" in text(methods(front)[method]["Integration"]["Uri"])


@pytest.mark.parametrize("state", FUNCTIONS)
def test_a_function_may_do_what_its_handler_calls_and_nothing_else(front, code, state):
    called = code.actions(f"lambdas.{folder_of(state)}.handler.handler")
    granted = front.actions(front.role_of(front.function(state)))
    # Where there are feature groups, it may read them: tests/infrastructure/test_features.py.
    assert not called - granted - {"sagemaker:BatchGetRecord"}
    assert not granted - with_company(called) - ALWAYS


def test_predictions_may_invoke_the_one_endpoint_and_labels_may_be_added_in_their_folder_alone(front):
    role = front.role_of(front.function("Predict"))
    endpoint = "arn:<AWS::Partition>:sagemaker:<AWS::Region>:<AWS::AccountId>:endpoint/housing-dev"
    assert front.allows(role, "sagemaker:InvokeEndpoint", endpoint)
    assert not front.allows(role, "sagemaker:InvokeEndpoint", f"{endpoint}-2")
    labels = front.role_of(front.function("AcceptLabels"))
    raw = text(front.document["Outputs"]["RawBucketName"]["Value"]).strip("<>")
    assert front.allows(labels, "s3:PutObject", f"<{raw}.Arn>/labels/front/2026/11/28/14/a.csv")
    for hidden in ("incoming/a.csv", "labels/a.csv"):
        assert not front.allows(labels, "s3:PutObject", f"<{raw}.Arn>/{hidden}")
    assert not front.allows(labels, "s3:GetObject", f"<{raw}.Arn>/labels/front/a.csv")


def test_only_this_api_s_methods_invoke_the_functions(front):
    (api,) = front.of_type("AWS::ApiGateway::RestApi")
    names = {logical_id(front, state) for state in FUNCTIONS}
    permissions = [
        p
        for p in front.properties("AWS::Lambda::Permission")
        if text(p["FunctionName"]).strip("<>").split(".")[0] in names
    ]
    assert len(permissions) == 5
    for permission in permissions:
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert f"<{api}>" in text(permission["SourceArn"])
        assert "test-invoke-stage" not in text(permission["SourceArn"])


def test_requests_are_throttled_all_together_and_by_key(front):
    _, stage = front.the("AWS::ApiGateway::Stage")
    (every,) = stage["MethodSettings"]
    assert (every["ThrottlingRateLimit"], every["ThrottlingBurstLimit"]) == (50, 100)
    assert (every["HttpMethod"], every["ResourcePath"]) == ("*", "/*")
    _, plan = front.the("AWS::ApiGateway::UsagePlan")
    assert plan["Throttle"] == {"BurstLimit": 20, "RateLimit": 10}
    keys = {p["Name"] for p in front.properties("AWS::ApiGateway::ApiKey")}
    assert keys == {"housing-dev-front-mobile", "housing-dev-front-partner"}
    assert not any("Value" in p for p in front.properties("AWS::ApiGateway::ApiKey"))


def test_a_decision_on_a_token_is_not_remembered_for_long_and_needs_a_bearer(front):
    _, authorizer = front.the("AWS::ApiGateway::Authorizer")
    assert (authorizer["Type"], authorizer["AuthorizerResultTtlInSeconds"]) == ("TOKEN", 60)
    assert authorizer["IdentityValidationExpression"].startswith("^[Bb]earer ")


def test_what_the_gateway_refuses_itself_is_a_problem_too(front):
    responses = {p["ResponseType"]: p for p in front.properties("AWS::ApiGateway::GatewayResponse")}
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED", "ACCESS_DENIED", "UNAUTHORIZED"} <= set(responses)
    assert responses["AUTHORIZER_FAILURE"]["StatusCode"] == "503"
    for properties in responses.values():
        kind = properties["ResponseParameters"]["gatewayresponse.header.Content-Type"]
        assert kind == "'application/problem+json'"
        template = properties["ResponseTemplates"]["application/json"]
        shown = template.replace("$context.error.messageString", '"a message"')
        assert json.loads(shown)["instance"] == "urn:uuid:$context.requestId"


def test_the_zip_brings_the_configuration_that_describes_the_model(front, out):
    key = front.function("Predict")["Code"]["S3Key"].removesuffix(".zip")
    assert (out / f"asset.{key}" / "pipeline.toml").read_bytes() == (ROOT / "pipeline.toml").read_bytes()
    assert front.function("Predict")["Environment"]["Variables"]["PIPELINE_CONFIG_PATH"].startswith(
        "/var/task/"
    )


def test_the_api_is_gone_before_the_teardown_empties_what_it_writes_to(front):
    (teardown,) = [name for name, r in front.resources.items() if r["Type"] == "Custom::Teardown"]
    (api,) = front.of_type("AWS::ApiGateway::RestApi")
    assert teardown in front.needs(api)
    assert teardown in front.needs(logical_id(front, "AcceptLabels"))


@pytest.mark.parametrize("given", [TOKENS, SIGNED], ids=["tokens", "signed"])
def test_cdk_nag_finds_nothing_but_what_is_acknowledged_with_a_reason(config, build, given):
    app = build(replace(config, front=given), DEV).node.root
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    app.synth()
