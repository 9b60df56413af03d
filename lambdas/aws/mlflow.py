"""MLflow's REST API behind a SageMaker MLflow app, signed with SigV4: no mlflow package in a Lambda.

Host, header and signing name are those of AWS's own plug-in (sagemaker-mlflow 0.5.0,
`mlflow_sagemaker_helpers` and `auth_provider`): an app is reached at `mlflow.sagemaker.REGION.app.aws`,
named by the header `x-sm-mlflow-app-arn` and signed for `sagemaker`; `SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT`
replaces the host.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from contracts.errors import MlflowRequestError, ServiceBusyError

CHALLENGER = "challenger"
CHAMPION = "champion"
_TIMEOUT_SECONDS = 30
# Two executions that write the same row at once: one is refused with a 400 and its database's own words, and
# would succeed a moment later (MLflow 3.17, `SqlAlchemyStore`: an IntegrityError becomes BAD_REQUEST).
_CONFLICTS = ("UNIQUE constraint failed", "IntegrityError", "duplicate key value", "Duplicate entry")


class Mlflow:
    """The tracking server and registry of one MLflow app."""

    def __init__(self, app_arn: str) -> None:
        self._app_arn = app_arn
        self._region = app_arn.split(":")[3]
        self._host = (
            os.environ.get("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT")
            or f"https://mlflow.sagemaker.{self._region}.app.aws"
        ).rstrip("/")

    def run(self, run_id: str) -> dict[str, Any]:
        run: dict[str, Any] = self._get("runs/get", {"run_id": run_id})["run"]
        return run

    def artifact_uri(self, run_id: str) -> str:
        """Where the run's artifacts lie: MLflow's clients write them to S3 themselves."""
        return str(self.run(run_id)["info"]["artifact_uri"])

    def log_metrics(self, run_id: str, metrics: Mapping[str, float]) -> None:
        """Figures that are no JSON numbers (NaN) are for the caller to leave out."""
        now_ms = int(time.time() * 1000)
        entries = [
            {"key": key, "value": value, "timestamp": now_ms, "step": 0} for key, value in metrics.items()
        ]
        self._post("runs/log-batch", {"run_id": run_id, "metrics": entries})

    def set_tag(self, run_id: str, key: str, value: str) -> None:
        self._post("runs/set-tag", {"run_id": run_id, "key": key, "value": value})

    def ensure_experiment(self, name: str) -> str:
        """Create the experiment unless it exists; `active`, or `deleted` where it was deleted."""
        try:
            found = self._get("experiments/get-by-name", {"experiment_name": name})
        except MlflowRequestError as error:
            if "RESOURCE_DOES_NOT_EXIST" not in str(error):
                raise
            self._create("experiments/create", name)
            return "active"
        return str(found["experiment"]["lifecycle_stage"])

    def ensure_model(self, name: str) -> None:
        """Create the registered model unless it exists."""
        self._create("registered-models/create", name)

    def _create(self, path: str, name: str) -> None:
        try:
            self._post(path, {"name": name})
        except MlflowRequestError as error:
            if "RESOURCE_ALREADY_EXISTS" not in str(error):
                raise

    def version_of_run(self, name: str, run_id: str) -> str | None:
        """The model's version that came of this run, if it is registered."""
        query = {"filter": f"name='{name}' and run_id='{run_id}'", "max_results": "1"}
        versions = self._get("model-versions/search", query).get("model_versions", [])
        return str(versions[0]["version"]) if versions else None

    def model_of_run(self, run_id: str) -> str | None:
        """The id of the model that the run logged (`outputs.model_outputs` since MLflow 3), if it did."""
        outputs = self.run(run_id).get("outputs", {}).get("model_outputs", [])
        return str(outputs[0]["model_id"]) if outputs else None

    def create_version(self, name: str, *, run_id: str, fallback_source: str, tags: Mapping[str, str]) -> str:
        """Register the run's logged model, or `fallback_source` (a URI) where it logged none."""
        model_id = self.model_of_run(run_id)
        body: dict[str, object] = {
            "name": name,
            "source": f"models:/{model_id}" if model_id else fallback_source,
            "run_id": run_id,
            "tags": [{"key": key, "value": value} for key, value in tags.items()],
        }
        if model_id:
            body["model_id"] = model_id
        return str(self._post("model-versions/create", body)["model_version"]["version"])

    def alias_version(self, name: str, alias: str) -> str | None:
        """The version that the alias names, or None."""
        try:
            answer = self._get("registered-models/alias", {"name": name, "alias": alias})
        except MlflowRequestError as error:
            if "RESOURCE_DOES_NOT_EXIST" in str(error) or "INVALID_PARAMETER_VALUE" in str(error):
                return None
            raise
        return str(answer["model_version"]["version"])

    def set_alias(self, name: str, alias: str, version: str) -> None:
        self._post("registered-models/alias", {"name": name, "alias": alias, "version": version})

    def drop_alias(self, name: str, alias: str, version: str) -> None:
        """Take the alias away from this version; left alone where it names another."""
        if self.alias_version(name, alias) == version:
            self._call("DELETE", "registered-models/alias", {}, {"name": name, "alias": alias})

    def tag_version(self, name: str, version: str, key: str, value: str) -> None:
        body = {"name": name, "version": version, "key": key, "value": value}
        self._post("model-versions/set-tag", body)

    def _get(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        return self._call("GET", path, query, None)

    def _post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        return self._call("POST", path, {}, body)

    def _call(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, object] | None
    ) -> dict[str, Any]:
        request = self._signed(method, path, query, body)
        answer = URLLib3Session(timeout=_TIMEOUT_SECONDS).send(request.prepare())
        text = answer.content.decode(errors="replace")
        is_conflict = answer.status_code == 409 or any(word in text for word in _CONFLICTS)
        if answer.status_code == 429 or answer.status_code >= 500 or is_conflict:
            raise ServiceBusyError(f"MLflow {method} {path} answered {answer.status_code}: {text[:500]}")
        if answer.status_code >= 400:
            raise MlflowRequestError(f"MLflow {method} {path} answered {answer.status_code}: {text[:500]}")
        document: dict[str, Any] = json.loads(text or "{}")
        return document

    def _signed(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, object] | None
    ) -> AWSRequest:
        data = json.dumps(body).encode() if body is not None else b""
        # SigV4 wants %20 for a space in the query, where urlencode alone writes a plus.
        text = urlencode(query).replace("+", "%20")
        url = f"{self._host}/api/2.0/mlflow/{path}" + (f"?{text}" if text else "")
        request = AWSRequest(
            method=method,
            url=url,
            data=data,
            headers={
                "Content-Type": "application/json",
                "x-sm-mlflow-app-arn": self._app_arn,
                "X-Amz-Content-SHA256": hashlib.sha256(data).hexdigest(),
            },
        )
        credentials = botocore.session.get_session().get_credentials()
        if credentials is None:
            raise MlflowRequestError("no AWS credentials to sign a call to MLflow with")
        SigV4Auth(credentials, "sagemaker", self._region).add_auth(request)
        return request
