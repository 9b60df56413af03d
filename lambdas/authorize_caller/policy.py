"""What a bearer may call, in the words that API Gateway takes from an authorizer. Pure.

API Gateway Developer Guide, "Output from an API Gateway Lambda authorizer". A decision is remembered for the
token, whatever it asks for next: so it speaks of every method, and not of the one that was asked for.
"""

from __future__ import annotations

from typing import Any

from lambdas.authorize_caller.tokens import Bearer

PREDICTING = ("POST/v1/predictions", "GET/v1/model", "GET/v1/openapi.json")
LABELLING = ("POST/v1/labels",)


def decision(bearer: Bearer, method_arn: str, *, predict_scope: str, labels_scope: str) -> dict[str, Any]:
    """`method_arn` is arn:...:API/STAGE/METHOD/PATH. Without either scope everything is denied."""
    stage = "/".join(method_arn.split("/")[:2])
    allowed = [
        f"{stage}/{method}"
        for scope, methods in ((predict_scope, PREDICTING), (labels_scope, LABELLING))
        if scope in bearer.scopes
        for method in methods
    ]
    effect, resources = ("Allow", allowed) if allowed else ("Deny", [f"{stage}/*"])
    return {
        "principalId": bearer.caller[:1000],
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": effect, "Action": "execute-api:Invoke", "Resource": resources}],
        },
        "context": {"caller": bearer.caller, "expires": f"{bearer.expires:.0f}"},
    }
