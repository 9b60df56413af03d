"""Passes a signed request for an MLflow app on to its tracking server.

Clients name the app in a header and sign for service `sagemaker` (the sagemaker-mlflow plug-in, auth.py);
IAM checks `sagemaker:CallMlflowAppApi` on the app.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from localcloud.services.sagemaker.access.caller import Caller
from localcloud.services.sagemaker.errors import ServiceUnavailableError
from localcloud.services.sagemaker.mlflow.apps import MlflowApps
from localcloud.services.sagemaker.mlflow.guard import HEADER

APP_HEADER = "x-sm-mlflow-app-arn"
ACTION = "sagemaker:CallMlflowAppApi"
TIMEOUT_SECONDS = 120.0
_KEPT = ("content-type", "accept", "user-agent")
Answer = tuple[int, dict[str, str], bytes]


class MlflowProxy:
    """The data plane of the MLflow apps."""

    def __init__(self, apps: MlflowApps) -> None:
        self._apps = apps

    async def forward(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, Sequence[str]],
        caller: Caller,
    ) -> Answer:
        """The server's answer; raises SageMakerError."""
        arn = headers[APP_HEADER]
        caller.authorize(ACTION, arn)
        server = self._apps.server(arn)
        pool = await server.pool()
        target = quote(path) + (f"?{urlencode(query, doseq=True)}" if query else "")
        kept = [(name, headers[name]) for name in _KEPT if name in headers]
        kept.append((HEADER, server.secret))
        try:
            answer = await pool.send(method, target, kept, body, TIMEOUT_SECONDS)
        except (ConnectionError, TimeoutError) as problem:
            raise ServiceUnavailableError(f"The MLflow app did not answer: {problem}") from None
        # In lower case: ministack rewrites `Content-Type`, and this one is MLflow's.
        return answer.status, {"content-type": answer.headers.get("content-type", "text/plain")}, answer.body
