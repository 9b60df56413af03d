"""A BentoML service over the pickled pipeline."""

import os
from typing import Any

import bentoml  # type: ignore[import-not-found]  # lives in its own environment
import joblib
import pandas as pd


@bentoml.service(workers=1, traffic={"timeout": 60}, logging={"access": {"enabled": False}})
class Houses:
    def __init__(self) -> None:
        self.pipeline = joblib.load(os.environ["PIPELINE"])

    @bentoml.api(  # type: ignore[untyped-decorator]
        route="/invocations"
    )
    def invoke(self, records: list[dict[str, Any]]) -> list[float]:
        return list(self.pipeline.predict(pd.DataFrame(records)).tolist())
