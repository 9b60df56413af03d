"""MLflow's REST API, spoken to a server that answers on this machine."""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from contracts.errors import MlflowRequestError, ServiceBusyError
from lambdas.aws.mlflow import Mlflow

ARN = "arn:aws:sagemaker:us-east-1:111122223333:mlflow-app/app-1"


class Server(ThreadingHTTPServer):
    """Answers each path with what a test put there, and remembers the requests."""

    answers: dict[str, tuple[int, dict[str, Any]]]
    requests: list[tuple[str, str, dict[str, Any], dict[str, str]]]


class _Answer(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        assert isinstance(self.server, Server)
        url = urlsplit(self.path)
        path = url.path.removeprefix("/api/2.0/mlflow/")
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        sent = json.loads(body) if body else {k: v[0] for k, v in parse_qs(url.query).items()}
        self.server.requests.append((self.command, path, sent, dict(self.headers)))
        status, document = self.server.answers.get(f"{self.command} {path}", (200, {}))
        payload = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Nothing on the tests' terminal."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    found = Server(("127.0.0.1", 0), _Answer)
    found.answers, found.requests = {}, []
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{found.server_address[1]}/"
    monkeypatch.setenv("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT", url)
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def test_calls_are_signed_for_sagemaker_and_name_the_app(server: Server) -> None:
    Mlflow(ARN).log_metrics("run-1", {"holdout_rmse_error": 1.5})
    ((method, path, body, headers),) = server.requests
    assert (method, path, body["run_id"]) == ("POST", "runs/log-batch", "run-1")
    (metric,) = body["metrics"]
    assert (metric["key"], metric["value"], metric["step"]) == ("holdout_rmse_error", 1.5, 0)
    assert headers["x-sm-mlflow-app-arn"] == ARN
    authorization = headers["Authorization"]
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=testing/")
    assert "/us-east-1/sagemaker/aws4_request" in authorization
    assert "x-sm-mlflow-app-arn" in authorization


def test_without_an_own_endpoint_the_apps_host_is_awss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT", raising=False)
    request = Mlflow(ARN)._signed("GET", "runs/get", {"run_id": "a b"}, None)
    assert request.url == "https://mlflow.sagemaker.us-east-1.app.aws/api/2.0/mlflow/runs/get?run_id=a%20b"


def test_the_host_is_the_one_of_awss_own_plug_in(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_ins = importlib.import_module("sagemaker_mlflow.mlflow_sagemaker_helpers")
    monkeypatch.delenv("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT", raising=False)
    plug_in = plug_ins.SageMakerMLflowHostMetadataProvider()
    plug_in.set_arn(ARN)
    assert Mlflow(ARN)._host == plug_in.construct_tracking_server_url()


def test_a_version_is_made_of_the_model_that_the_run_logged(server: Server) -> None:
    server.answers["GET runs/get"] = (200, {"run": {"outputs": {"model_outputs": [{"model_id": "m-1"}]}}})
    server.answers["POST model-versions/create"] = (200, {"model_version": {"version": 3}})
    version = Mlflow(ARN).create_version("housing", run_id="r", fallback_source="s3://x", tags={"a": "b"})
    assert version == "3"
    body = server.requests[-1][2]
    assert (body["source"], body["model_id"]) == ("models:/m-1", "m-1")
    assert body["tags"] == [{"key": "a", "value": "b"}]


def test_a_run_without_a_model_is_registered_by_its_artefact(server: Server) -> None:
    server.answers["GET runs/get"] = (200, {"run": {"info": {}}})
    server.answers["POST model-versions/create"] = (200, {"model_version": {"version": "1"}})
    Mlflow(ARN).create_version("housing", run_id="r", fallback_source="s3://x/model.tar.gz", tags={})
    assert server.requests[-1][2]["source"] == "s3://x/model.tar.gz"


def test_a_version_is_found_by_its_run(server: Server) -> None:
    server.answers["GET model-versions/search"] = (200, {"model_versions": [{"version": "2"}]})
    assert Mlflow(ARN).version_of_run("housing", "r") == "2"
    server.answers["GET model-versions/search"] = (200, {})
    assert Mlflow(ARN).version_of_run("housing", "r") is None


def test_a_registered_model_that_exists_is_fine(server: Server) -> None:
    refusal = {"error_code": "RESOURCE_ALREADY_EXISTS", "message": "Registered Model (name=x) already exists"}
    server.answers["POST registered-models/create"] = (400, refusal)
    Mlflow(ARN).ensure_model("x")
    server.answers["POST registered-models/create"] = (403, {"error_code": "PERMISSION_DENIED"})
    with pytest.raises(MlflowRequestError, match="PERMISSION_DENIED"):
        Mlflow(ARN).ensure_model("x")


@pytest.mark.parametrize("code", ["RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"])
def test_an_alias_that_nobody_has_names_no_version(server: Server, code: str) -> None:
    server.answers["GET registered-models/alias"] = (404, {"error_code": code})
    assert Mlflow(ARN).alias_version("x", "champion") is None


def test_an_alias_is_only_dropped_from_the_version_that_has_it(server: Server) -> None:
    server.answers["GET registered-models/alias"] = (200, {"model_version": {"version": 2}})
    Mlflow(ARN).drop_alias("x", "challenger", "1")
    assert [method for method, *_ in server.requests] == ["GET"]
    Mlflow(ARN).drop_alias("x", "challenger", "2")
    method, path, body, _ = server.requests[-1]
    assert (method, path) == ("DELETE", "registered-models/alias")
    assert body == {"name": "x", "alias": "challenger"}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_an_error_that_is_retried(server: Server, status: int) -> None:
    server.answers["GET runs/get"] = (status, {"message": "later"})
    with pytest.raises(ServiceBusyError, match=f"runs/get answered {status}"):
        Mlflow(ARN).run("r")


def test_two_that_write_the_same_row_at_once_are_told_to_try_again(server: Server) -> None:
    message = "BAD_REQUEST: (sqlite3.IntegrityError) UNIQUE constraint failed: registered_model_aliases.name"
    server.answers["POST registered-models/alias"] = (400, {"error_code": "BAD_REQUEST", "message": message})
    with pytest.raises(ServiceBusyError, match="UNIQUE constraint"):
        Mlflow(ARN).set_alias("housing-dev", "challenger", "3")


@pytest.mark.parametrize("stage", ["active", "deleted"])
def test_an_experiment_that_exists_tells_whether_it_was_deleted(server: Server, stage: str) -> None:
    found = {"experiment": {"experiment_id": "1", "lifecycle_stage": stage}}
    server.answers["GET experiments/get-by-name"] = (200, found)
    assert Mlflow(ARN).ensure_experiment("housing-dev") == stage


def test_a_missing_experiment_is_made_even_if_another_makes_it_at_the_same_time(server: Server) -> None:
    server.answers["GET experiments/get-by-name"] = (404, {"error_code": "RESOURCE_DOES_NOT_EXIST"})
    server.answers["POST experiments/create"] = (400, {"error_code": "RESOURCE_ALREADY_EXISTS"})
    assert Mlflow(ARN).ensure_experiment("housing-dev") == "active"
    assert server.requests[-1][2] == {"name": "housing-dev"}
