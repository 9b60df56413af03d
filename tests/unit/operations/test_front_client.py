"""The generated client, and the examples of docs/how-to/front.md, against the handlers over HTTP."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from contracts.pipeline_config import PipelineConfig
from contracts.settings import PredictSettings
from lambdas.aws import clients
from lambdas.predict import handler as predict
from lambdas.predict.openapi import openapi_document
from operations.front_client import render
from tests.unit.lambdas.conftest import Context
from tests.unit.lambdas.front.events import with_token

ROOT = Path(__file__).parents[3]
SHIPPED = tomllib.loads((ROOT / "pipeline.toml").read_text(encoding="utf-8"))
CONFIG = PipelineConfig.from_document({**SHIPPED, "front": {"max_rows": 3}})
PAGE = (ROOT / "docs/how-to/front.md").read_text(encoding="utf-8")
FAR = 4e9


class Runtime:
    """Stands in for SageMaker's."""

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        rows = json.loads(request["Body"])["records"]
        return {"Body": io.BytesIO(json.dumps({"predictions": [206000.5] * len(rows)}).encode())}


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Of a server that is API Gateway and authorizer in one, and takes the token `good`."""
    monkeypatch.setattr(predict, "_config", lambda path: CONFIG)
    settings = PredictSettings(
        endpoint_name="housing-dev",
        metric_namespace="Greenlight/housing-dev",
        pipeline_config_path="x",
        stage_name="dev",
    )
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(clients.MADE, "sagemaker-runtime", Runtime())

    class Front(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            expires = FAR if self.headers.get("authorization") == "Bearer good" else 1.0
            asked = with_token(self.command, self.path, body or None, caller="ann", expires=expires)
            found = predict.handler(asked, Context())
            self.send_response(found["statusCode"])
            content = found["body"].encode()
            self.send_header("content-type", found["headers"]["content-type"])
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815 - http.server's own name

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(tmp_path: Path) -> Path:
    """The folder of the generated client."""
    (tmp_path / "front_client.py").write_text(render(openapi_document(CONFIG, "dev")), encoding="utf-8")
    return tmp_path


def run(command: list[str], folder: Path, address: str, token: str = "good") -> str:
    environment = {**os.environ, "FRONT_URL": address, "TOKEN": token, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def example(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.S)
    return str(found)


def test_the_client_s_rows_are_the_pipeline_s_columns():
    source = render(openapi_document(CONFIG, "dev"))
    assert "'longitude': float" in source
    assert "'total_bedrooms': Union[float, None]" in source
    assert "'ocean_proximity': str" in source
    assert '"value": float' in source


def test_the_python_example_runs_with_the_generated_client(client, address):
    said = run([sys.executable, "-W", "error", "-c", example("python")], client, address)
    assert "206000.5" in said
    assert "inference_id" in said
    assert run([sys.executable, "-c", example("python")], client, address, "bad").startswith("401 ")


def test_a_mistake_is_raised_with_row_and_field(client, address):
    code = (
        "from front_client import *; import os\n"
        "try: Client(os.environ['FRONT_URL'], lambda: 'good').predict([{}, {'longitude': [1]}])\n"
        "except Problem as p: print(p.status, p.errors[0]['row'], p.errors[0]['field'])"
    )
    assert run([sys.executable, "-c", code], client, address) == "400 2 longitude\n"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not there")
def test_the_curl_example_runs(client, address):
    assert json.loads(run(["sh", "-c", example("sh")], client, address))["predictions"] == [206000.5]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not there")
def test_the_javascript_example_runs(client, address):
    assert "206000.5" in run(["node", "--input-type=module", "-e", example("js")], client, address)
