"""The REST API: its four methods, who may call them how often, and the words of its own refusals."""

from __future__ import annotations

import json

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from contracts.front import Front as FrontConfig
from contracts.names import Names
from infra_cdk.functions.function import PipelineFunction
from infra_cdk.policy import acknowledge

STAGE_NAME = "live"
# What an authorizer decided is remembered for so long; the functions look at the token's end themselves.
DECISION_SECONDS = 60
BEARER = "^[Bb]earer [A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$"
PROBLEM_TYPE = "application/problem+json"
# What API Gateway refuses itself, by the type of its response: status and detail (API Gateway Developer
# Guide, "Gateway response types"). An authorizer fails where the issuer of tokens can't be reached.
REFUSALS: dict[str, tuple[int, str]] = {
    "UNAUTHORIZED": (401, "The request has no token, or none that is good."),
    "MISSING_AUTHENTICATION_TOKEN": (403, "There is no such path, or the request is not signed."),
    "ACCESS_DENIED": (403, "The caller may not do this: it takes another scope, or another permission."),
    "INVALID_API_KEY": (403, "The request has no x-api-key, or none that is known."),
    "REQUEST_TOO_LARGE": (413, "The request is larger than 10 MB."),
    "THROTTLED": (429, "More requests than may be; try again later."),
    "QUOTA_EXCEEDED": (429, "More requests than may be; try again later."),
    "AUTHORIZER_FAILURE": (503, "Tokens can't be checked at the moment; try again later."),
    "AUTHORIZER_CONFIGURATION_ERROR": (503, "Tokens can't be checked at the moment; try again later."),
    "INTEGRATION_TIMEOUT": (504, "The model did not answer in time; send fewer rows in a request."),
}
DEFAULTS = ("DEFAULT_4XX", "DEFAULT_5XX")


class Api(Construct):
    """Regional, without CORS. Access is not logged by the API, for which an account would need a role that
    all its APIs share; each function logs what it refuses."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        config: FrontConfig,
        predict: PipelineFunction,
        accept_labels: PipelineFunction,
        authorize_caller: PipelineFunction | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._config = config
        self.rest_api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=names.front,
            description=f"Predictions and labels of {names.prefix}",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            cloud_watch_role=False,
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE_NAME,
                metrics_enabled=True,
                throttling_rate_limit=config.requests_per_second,
                throttling_burst_limit=config.burst,
            ),
        )
        self._authorizer = self._token_authorizer(authorize_caller) if authorize_caller else None
        version = self.rest_api.root.add_resource("v1")
        for method, part, function in (
            ("POST", "predictions", predict),
            ("GET", "model", predict),
            ("GET", "openapi.json", predict),
            ("POST", "labels", accept_labels),
        ):
            self._method(version.add_resource(part), method, function)
        self._word_refusals()
        self._add_keys(names)
        self._protect()
        self._acknowledge()

    def _token_authorizer(self, function: PipelineFunction) -> apigateway.TokenAuthorizer:
        return apigateway.TokenAuthorizer(
            self,
            "Tokens",
            handler=function.function,
            identity_source=apigateway.IdentitySource.header("Authorization"),
            validation_regex=BEARER,
            results_cache_ttl=cdk.Duration.seconds(DECISION_SECONDS),
        )

    def _method(self, resource: apigateway.Resource, method: str, function: PipelineFunction) -> None:
        custom = self._authorizer is not None
        made = resource.add_method(
            method,
            apigateway.LambdaIntegration(function.function, proxy=True, allow_test_invoke=False),
            authorization_type=apigateway.AuthorizationType.CUSTOM
            if custom
            else apigateway.AuthorizationType.IAM,
            authorizer=self._authorizer,
            api_key_required=bool(self._config.api_keys),
        )
        acknowledge(made, "AwsSolutions-COG4", "Callers sign with IAM, or bring a token of any issuer.")

    def _word_refusals(self) -> None:
        headers = {"Content-Type": f"'{PROBLEM_TYPE}'", "X-Request-Id": "context.requestId"}
        for kind, (status, detail) in REFUSALS.items():
            problem = {"type": "about:blank", "status": status, "detail": detail}
            self.rest_api.add_gateway_response(
                kind.title().replace("_", ""),
                type=apigateway.ResponseType.of(kind),
                status_code=str(status),
                response_headers=headers,
                templates={"application/json": self._template(problem)},
            )
        for kind in DEFAULTS:
            self.rest_api.add_gateway_response(
                kind.title().replace("_", ""),
                type=apigateway.ResponseType.of(kind),
                response_headers=headers,
                templates={"application/json": self._template({"type": "about:blank"}, own_words=True)},
            )

    @staticmethod
    def _template(problem: dict[str, object], *, own_words: bool = False) -> str:
        """JSON with API Gateway's variables in it; `messageString` brings its own quotes."""
        text = json.dumps({**problem, "instance": "urn:uuid:$context.requestId"})
        return text[:-1] + ', "detail": $context.error.messageString}' if own_words else text

    def _add_keys(self, names: Names) -> None:
        if not self._config.api_keys:
            return
        plan = self.rest_api.add_usage_plan(
            "Keys",
            name=names.front,
            throttle=apigateway.ThrottleSettings(
                rate_limit=self._config.key_requests_per_second, burst_limit=self._config.key_burst
            ),
            api_stages=[
                apigateway.UsagePlanPerApiStage(api=self.rest_api, stage=self.rest_api.deployment_stage)
            ],
        )
        for key in self._config.api_keys:
            plan.add_api_key(
                self.rest_api.add_api_key(f"KeyOf-{key}", api_key_name=f"{names.prefix}-front-{key}")
            )

    def _protect(self) -> None:
        if self._config.web_acl_arn:
            wafv2.CfnWebACLAssociation(
                self,
                "WebAcl",
                resource_arn=self.rest_api.deployment_stage.stage_arn,
                web_acl_arn=self._config.web_acl_arn,
            )

    def _acknowledge(self) -> None:
        stage = self.rest_api.deployment_stage
        logging = "An API's logs need a role that is one for the whole account; the functions log requests."
        acknowledge(stage, "AwsSolutions-APIG1", logging)
        acknowledge(stage, "AwsSolutions-APIG6", logging)
        acknowledge(stage, "AwsSolutions-APIG3", "A web ACL is named in pipeline.toml, where one is wanted.")
        acknowledge(
            self.rest_api,
            "AwsSolutions-APIG2",
            "The functions check bodies, and name row and field; API Gateway's own validator can't.",
        )
