"""The servers that are compared: how each is installed, started and asked, at its best for one core."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from benchmarks.serving.workload import Workload, as_csv, json_records, json_split, v2_tensors

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/bench"
APPS = Path(__file__).with_name("apps")
SHARED = ("scikit-learn==1.9.1", "pandas==3.1.1", "numpy==2.4.6", "joblib", "pyarrow==25.0.1")


@dataclass(frozen=True)
class Server:
    """`command` (of interpreter, port and model) starts it; `body` turns rows into what it reads."""

    name: str
    path: str
    content_type: str
    body: Callable[[pd.DataFrame], bytes]
    command: Callable[[str, int, Workload], list[str]]
    environment: Callable[[int, Workload], Mapping[str, str]] = lambda port, workload: {}
    packages: tuple[str, ...] = ()
    ours: bool = False
    serves_forest: bool = True
    prepare: Callable[[Path, int, Workload], None] = field(default=lambda directory, port, workload: None)

    @property
    def slug(self) -> str:
        return "".join(c if c.isalnum() else "-" for c in self.name.lower())

    def python(self) -> str:
        """The interpreter of its own environment, made when first needed."""
        if not self.packages:
            return sys.executable
        directory = BUILD / self.slug
        found = directory / "bin/python"
        if not (directory / ".ready").exists():
            _install(directory, [*self.packages, *SHARED])
        return str(found)

    def request(self, rows: pd.DataFrame) -> bytes:
        body = self.body(rows)
        head = f"POST {self.path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\n"
        head += f"content-type: {self.content_type}\r\n"
        return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def _install(directory: Path, packages: list[str]) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    environment = {**os.environ, "UV_SYSTEM_CERTS": "1"}
    shutil.rmtree(directory, ignore_errors=True)
    subprocess.run(
        [uv, "venv", "-q", "--python", sys.executable, str(directory)], check=True, env=environment
    )
    install = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", str(directory / "bin/python")]
    subprocess.run([*install, *packages], check=True, env=environment)
    (directory / ".ready").touch()


def _ours(python: str, port: int, workload: Workload) -> list[str]:
    return [python, "-m", "inference", "serve"]


def _our_environment(port: int, workload: Workload) -> Mapping[str, str]:
    return {
        "SAGEMAKER_BASE_DIR": str(workload.artefact),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
        "BIND_HOST": "127.0.0.1",
    }


def _pickled(port: int, workload: Workload) -> Mapping[str, str]:
    return {
        "PIPELINE": str(workload.pipeline),
        "COLUMNS": ",".join(workload.rows.columns),
        "PYTHONPATH": f"{ROOT}:{APPS}",
    }


def _mlflow(python: str, port: int, workload: Workload) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    model = ["--env-manager", "local", "--model-uri", str(workload.mlflow)]
    return [python, "-m", "mlflow", "models", "serve", *where, *model]


def _configure_mlserver(directory: Path, port: int, workload: Workload) -> None:
    settings = {
        "http_port": port,
        "grpc_port": port + 1000,
        "metrics_port": port + 2000,
        "host": "127.0.0.1",
        "parallel_workers": 0,
        "debug": False,
    }
    model = {
        "name": "model",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": str(workload.pipeline)},
    }
    (directory / "settings.json").write_text(json.dumps(settings))
    (directory / "model-settings.json").write_text(json.dumps(model))


def _fastapi(python: str, port: int, workload: Workload) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error"]
    return [python, "-m", "uvicorn", "fastapi_app:app", *where]


def _flask(python: str, port: int, workload: Workload) -> list[str]:
    return [python, "-m", "gunicorn", "-k", "gevent", "-w", "1", "-b", f"127.0.0.1:{port}", "flask_app:app"]


def _bento(python: str, port: int, workload: Workload) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(port), "--working-dir", str(APPS)]
    return [python, "-m", "bentoml", "serve", "bento_app:Houses", *where]


def _floor(python: str, port: int, workload: Workload) -> list[str]:
    return [str(BUILD / "floor"), str(port)]


FASTAPI = Server(
    name="FastAPI + pandas + scikit-learn",
    path="/invocations",
    content_type="application/json",
    body=json_records,
    command=_fastapi,
    environment=_pickled,
    packages=("fastapi", "uvicorn[standard]"),
)
FLASK = Server(
    name="gunicorn + gevent + Flask (AWS's image)",
    path="/invocations",
    content_type="text/csv",
    body=as_csv,
    command=_flask,
    environment=_pickled,
    packages=("flask", "gunicorn", "gevent", "packaging"),
)
BENTO = Server(
    name="BentoML",
    path="/invocations",
    content_type="application/json",
    body=json_records,
    command=_bento,
    environment=lambda port, workload: {**_pickled(port, workload), "BENTOML_DO_NOT_TRACK": "True"},
    packages=("bentoml",),
)
MLSERVER = Server(
    name="MLServer",
    path="/v2/models/model/infer",
    content_type="application/json",
    body=v2_tensors,
    command=lambda python, port, workload: [str(Path(python).with_name("mlserver")), "start", "."],
    environment=_pickled,
    packages=("mlserver", "mlserver-sklearn"),
    prepare=_configure_mlserver,
)
MLFLOW = Server(
    name="mlflow models serve",
    path="/invocations",
    content_type="application/json",
    body=json_split,
    command=_mlflow,
    environment=lambda port, workload: {"PYTHONPATH": str(ROOT), "MLFLOW_DISABLE_TELEMETRY": "true"},
)
GREENLIGHT = Server(
    name="Greenlight, CSV",
    path="/invocations",
    content_type="text/csv",
    body=as_csv,
    command=_ours,
    environment=_our_environment,
    ours=True,
)
GREENLIGHT_JSON = Server(
    name="Greenlight, JSON",
    path="/invocations",
    content_type="application/json",
    body=json_records,
    command=_ours,
    environment=_our_environment,
    ours=True,
)
FLOOR = Server(
    name="floor: an epoll loop in C that echoes",
    path="/invocations",
    content_type="text/csv",
    body=as_csv,
    command=_floor,
)
PEERS = (MLFLOW, MLSERVER, BENTO, FASTAPI, FLASK)
SERVERS = (GREENLIGHT, GREENLIGHT_JSON, *PEERS, FLOOR)
