"""A champion that serves, what it was asked and what came true, and the monitor's states one after
another."""

from __future__ import annotations

import importlib
import io
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pyarrow.parquet as pq
import pytest

from contracts.documents.document import kinds_of
from contracts.documents.monitoring import STATES
from contracts.monitoring import Monitoring, Retraining
from contracts.names import folder_of
from lambdas.aws import clients
from tests.unit.lambdas.conftest import REGION, Context
from tests.unit.lambdas.evaluate_model import world
from tests.unit.lambdas.evaluate_model.conftest import BUCKET, Pipeline, pipeline  # noqa: F401 - a fixture
from tests.unit.lambdas.fakes import FakeService, refused

RAW = "raw"
MACHINE = f"arn:aws:states:{REGION}:111122223333:stateMachine:housing-dev-monitoring"
PIPELINE = f"arn:aws:states:{REGION}:111122223333:stateMachine:housing-dev-pipeline"
PROMOTED = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
POLICY = Monitoring(
    stages=("dev",),
    window_hours=6,
    label_delay_hours=1,
    label_days=10,
    retraining=Retraining(enabled=True, min_new_rows=100, cooldown_hours=4),
)
GOOD = world.linear_model()


class FakeStates(FakeService):
    """Executions that a test lets run and end."""

    service = "stepfunctions"

    def __init__(self) -> None:
        super().__init__()
        self.running: list[dict[str, Any]] = []
        self.endings: dict[str, dict[str, Any]] = {}
        self.ends_with: dict[str, Any] | None = None  # whatever is asked for

    def do_list_executions(self, **_: Any) -> Any:
        return {"executions": self.running}

    def do_describe_execution(self, executionArn: str) -> Any:
        found = self.endings.get(executionArn, self.ends_with)
        if found is None:
            raise refused("ExecutionDoesNotExist", "no such execution", "DescribeExecution")
        return found


@dataclass
class Monitor:
    """`policy` is a test's to change before it runs anything."""

    pipeline: Pipeline
    states: FakeStates
    monkeypatch: pytest.MonkeyPatch
    policy: Monitoring = POLICY
    answered: int = 0
    uploads: dict[str, Any] = field(default_factory=dict)

    def retraining(self, **values: Any) -> None:
        self.policy = replace(self.policy, retraining=replace(self.policy.retraining, **values))

    def capture(
        self,
        rows: dict[str, Any],
        at: datetime,
        *,
        ids: bool = True,
        price: Any = None,
        extra: bytes = b"",
    ) -> list[str]:
        """One request a row, as data capture writes them; returns the inference ids."""
        names, lines = [], []
        for place in range(len(rows["size"])):
            size, age, region = (rows[name][place] for name in ("size", "age", "region"))
            answer = 10 * size + age + 50 * (region == "south") if price is None else price
            self.answered += 1
            name = f"inference-{self.answered}"
            names.append(name)
            event: dict[str, Any] = {
                "eventId": f"event-{self.answered}",
                "inferenceTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                **({"inferenceId": name} if ids else {}),
            }
            lines.append(
                json.dumps(
                    {
                        "captureData": {
                            "endpointInput": _part("" if size is None else f"{size!r}", age, region),
                            "endpointOutput": {
                                "observedContentType": "text/csv; charset=utf-8",
                                "mode": "OUTPUT",
                                "data": f"{answer!r}\n",
                                "encoding": "CSV",
                            },
                        },
                        "eventMetadata": event,
                        "eventVersion": "0",
                    }
                )
            )
        body = "\n".join(lines).encode() + b"\n" + extra
        key = f"capture/housing-dev/AllTraffic/{at:%Y/%m/%d/%H}/{at:%M-%S}-000-{self.answered}.jsonl"
        self.pipeline.put(key, body)
        return names

    def label(self, ids: list[str], values: Any, name: str = "l.csv", **columns: Any) -> None:
        head = ["inference_id", "price", *columns]
        rows = zip(ids, values, *columns.values(), strict=True)
        text = "\n".join([",".join(head), *(",".join(map(str, row)) for row in rows)]) + "\n"
        self.put_raw(f"labels/{name}", text.encode())

    def put_raw(self, key: str, body: bytes) -> None:
        self.pipeline.s3.put_object(Bucket=RAW, Key=key, Body=body)

    def state(self, name: str, document: dict[str, Any]) -> dict[str, Any]:
        request, key, answer = STATES[name]
        settings = {
            "ARTIFACT_BUCKET_NAME": BUCKET,
            "RAW_BUCKET_NAME": RAW,
            "ENDPOINT_NAME": "housing-dev",
            "MODEL_PACKAGE_GROUP_NAME": "housing-dev-models",
            "METRIC_NAMESPACE": "Greenlight/housing-dev",
            "MONITORING_POLICY": json.dumps(self.policy.as_document()),
            "STATE_MACHINE_ARN": PIPELINE,
        }
        for variable, value in settings.items():
            self.monkeypatch.setenv(variable, value)
        handler = importlib.import_module(f"lambdas.{folder_of(name)}.handler").handler
        asked = {key: document[key] for key in kinds_of(request)}
        answered = handler(json.loads(json.dumps(asked)), Context())
        assert answer.read(json.loads(json.dumps(answered))).as_document() == answered
        return {**document, key: answered}

    def run(self, now: datetime) -> dict[str, Any]:
        """All states, as the state machine goes."""
        arn = f"{MACHINE.replace(':stateMachine:', ':execution:')}:{now:%d%H%M}"
        document: dict[str, Any] = {"now": now.isoformat(), "execution_arn": arn}
        document = self.state("ReadWindow", document)
        if document["window"]["status"] != "ready":
            return document
        for name in ("JudgeDrift", "JudgeQuality", "PublishMonitoring"):
            document = self.state(name, document)
        return self.state("StartRetraining", document) if document["publication"]["is_due"] else document

    def json(self, uri: str) -> Any:
        return json.loads(self.pipeline.get(uri)["Body"].read())

    def raw_keys(self, prefix: str) -> list[str]:
        found = self.pipeline.s3.list_objects_v2(Bucket=RAW, Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in found]

    def upload(self, key: str) -> Any:
        body = self.pipeline.s3.get_object(Bucket=RAW, Key=key)["Body"].read()
        return pq.read_table(io.BytesIO(body))


def _part(size: str, age: Any, region: Any) -> dict[str, Any]:
    return {
        "observedContentType": "text/csv",
        "mode": "INPUT",
        "data": f"{size},{age},{region}\n",
        "encoding": "CSV",
    }


def rows(count: int, seed: int) -> dict[str, Any]:
    return world.rows(count, seed=seed)


def at(hours: float) -> datetime:
    """So many hours after the champion took over."""
    return PROMOTED + hours * HOUR


def noise(count: int, seed: int) -> Any:
    return np.random.default_rng(seed).normal(0, 5, count)


@pytest.fixture
def monitor(pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Monitor:  # noqa: F811
    clients.MADE["stepfunctions"] = states = FakeStates()
    boto3.client("s3", region_name=REGION).create_bucket(Bucket=RAW)
    boto3.client("s3", region_name=REGION).put_bucket_versioning(
        Bucket=RAW, VersioningConfiguration={"Status": "Enabled"}
    )
    base = "evaluations/champion/report"
    report = {
        "metric": "rmse_error",
        "challenger": {"rmse_error": 5.0},
        "slices": [{"column": "region", "value": "south", "rows": 200, "challenger": 5.0}],
    }
    pipeline.put(f"{base}.json", world.as_json(report))
    dataset = pipeline.add_dataset(world.rows(2_000, seed=3), "v1", train=world.rows(8_000, seed=4))
    pipeline.add_champion(
        world.artefact_of(GOOD),
        dataset_uri=dataset["uri"],
        report_html_uri=f"s3://{BUCKET}/{base}.html",
        promoted_at=PROMOTED.isoformat(timespec="milliseconds"),
    )
    pipeline.sagemaker.in_service("champion")
    return Monitor(pipeline, states, monkeypatch)
