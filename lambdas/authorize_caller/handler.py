"""AuthorizeCaller: a token in; who its bearer is, and what the bearer may call, out."""

from __future__ import annotations

import functools
import time
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.settings import AuthorizeCallerSettings
from lambdas.authorize_caller.issuer import IssuerKeys
from lambdas.authorize_caller.policy import decision
from lambdas.authorize_caller.tokens import Bearer, Token, TokenRefusedError, bearer_of
from lambdas.telemetry import logger


class UnauthorizedError(Exception):
    """API Gateway answers 401 for an error with the very message `Unauthorized`, and 5xx for any other."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An issuer that can't be reached is an error, answered with 503, and never an open door."""
    settings = AuthorizeCallerSettings.from_environment()
    try:
        bearer = _bearer(str(event.get("authorizationToken", "")), settings, time.time())
    except TokenRefusedError as error:
        logger.info("token refused", reason=str(error))
        raise UnauthorizedError from None
    return decision(
        bearer,
        event["methodArn"],
        predict_scope=settings.predict_scope,
        labels_scope=settings.labels_scope,
    )


@functools.cache
def _keys(issuer: str) -> IssuerKeys:
    return IssuerKeys(issuer)


def _bearer(authorization: str, settings: AuthorizeCallerSettings, now_seconds: float) -> Bearer:
    scheme, _, text = authorization.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise TokenRefusedError("the header Authorization holds no bearer token")
    token = Token.read(text.strip())
    key = _keys(settings.token_issuer).key(token.key_id, now_seconds)
    if key is None or not key.signed(token.signed_part, token.signature, token.algorithm):
        raise TokenRefusedError("no key of the issuer signed it")
    return bearer_of(
        token.claims,
        issuer=settings.token_issuer,
        audiences=frozenset(settings.token_audiences.split(" ")),
        now_seconds=now_seconds,
    )
