"""As AWS's own scikit-learn image serves: gunicorn with gevent, Flask, pandas, CSV in and out."""

import io
import os

import flask
import joblib
import pandas as pd

app = flask.Flask(__name__)
pipeline = joblib.load(os.environ["PIPELINE"])
NAMES = os.environ["COLUMNS"].split(",")


@app.get("/ping")
def ping() -> flask.Response:
    return flask.Response(status=200)


@app.post("/invocations")
def invoke() -> flask.Response:
    rows = pd.read_csv(io.BytesIO(flask.request.data), header=None, names=NAMES)
    lines = "\n".join(map(str, pipeline.predict(rows).tolist()))
    return flask.Response(lines + "\n", mimetype="text/csv")
