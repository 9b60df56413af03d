"""MLflow's server program behind the guard, as uvicorn is told to serve it."""

import os
from pathlib import Path

from localcloud.services.sagemaker.mlflow.database import prepare
from localcloud.services.sagemaker.mlflow.guard import SECRET_VARIABLE, Guard

prepare(
    Path(os.environ["_MLFLOW_SERVER_FILE_STORE"].removeprefix("sqlite:///")),
    os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"],
)

from mlflow.server.fastapi_app import app as inner  # noqa: E402 (it may open the database)

app = Guard(inner, os.environ.pop(SECRET_VARIABLE))
