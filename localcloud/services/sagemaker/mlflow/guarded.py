"""MLflow's server program behind the guard, as uvicorn is told to serve it."""

import os

from mlflow.server.fastapi_app import app as inner

from localcloud.services.sagemaker.mlflow.guard import SECRET_VARIABLE, Guard

app = Guard(inner, os.environ.pop(SECRET_VARIABLE))
