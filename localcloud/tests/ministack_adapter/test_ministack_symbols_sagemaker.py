"""Every symbol of ministack that the embedded SageMaker plugs into."""

import inspect

import pytest
from ministack import app
from ministack.core import iam_actions, iam_evaluator, responses, router
from ministack.services import tagging
from ministack.services.cloudformation import provisioners


@pytest.mark.parametrize(
    ("module", "name", "kind"),
    [
        (app, "SERVICE_REGISTRY", dict),
        (app, "SERVICE_HANDLERS", dict),
        (app, "_loaded_modules", dict),
        (router, "SERVICE_PATTERNS", dict),
        (iam_actions, "SERVICE_TO_IAM_NAMESPACE", dict),
        (iam_actions, "_BOTOCORE_SERVICE_MAP", dict),
        (tagging, "_RESOURCE_TAG_COLLECTORS", dict),
        (provisioners, "_RESOURCE_HANDLERS", dict),
        (provisioners, "_STACK_TAG_PROPERTY", dict),
    ],
)
def test_the_registries_are_there(module, name, kind):
    assert isinstance(getattr(module, name), kind)


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (iam_actions.extract_resource_arn, ["service", "method", "path", "headers", "body"]),
        (iam_actions.request_tag_context, ["service", "iam_action", "body", "params"]),
        (iam_actions.identity_denial_message, ["action", "principal_arn", "resource", "explicit_deny"]),
        (iam_evaluator.enforce, ["access_key_id", "iam_action", "service", "region", "resource_arn"]),
        (router.extract_access_key_id, ["headers"]),
        (iam_actions.access_denied_response, ["service", "action", "principal_arn", "request_id"]),
    ],
)
def test_the_functions_take_what_we_give_them(function, parameters):
    assert list(inspect.signature(function).parameters)[: len(parameters)] == parameters


def test_the_gateways_loop_is_told():
    assert hasattr(app, "_MAIN_LOOP")
    assert isinstance(app.AUTH, bool)


def test_only_the_capitalised_content_type_is_rewritten():
    headers = {"content-type": "application/json"}
    responses.fix_success_content_type("sagemaker", 200, headers)
    assert headers == {"content-type": "application/json"}


@pytest.mark.parametrize("name", ["extract_resource_arn", "request_tag_context"])
def test_the_dispatcher_looks_a_replaced_function_up_when_it_is_called(name):
    source = inspect.getsource(app._dispatch_service_request)
    assert "from ministack.core.iam_actions import" in source
    assert name in source
