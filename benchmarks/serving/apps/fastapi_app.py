"""What many write first: FastAPI, pandas and the pickled pipeline."""

import os
from typing import Any

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
pipeline = joblib.load(os.environ["PIPELINE"])


class Rows(BaseModel):
    records: list[dict[str, Any]]


@app.post("/invocations")
def invoke(rows: Rows) -> dict[str, list[float]]:
    return {"predictions": pipeline.predict(pd.DataFrame(rows.records)).tolist()}
