"""The deployed stage as its users have it: upload, watch, look at the endpoint, ask for predictions."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

from localcloud.rehearsal.display import Display
from localcloud.rehearsal.uploads import records
from localcloud.rehearsal.watch import Execution, RehearsalError, find_execution, watch

START_PATIENCE_SECONDS = 60.0
EXECUTION_PATIENCE_SECONDS = 900.0


@dataclass(frozen=True)
class Prediction:
    """One row asked, what the endpoint answered, and what the data says."""

    asked: dict[str, str]
    answered: str
    actual: str


class Stage:
    """A deployed stage, reached with nothing but its outputs and a boto3 session."""

    def __init__(self, session: Any, endpoint_url: str, outputs: dict[str, str]) -> None:
        self.outputs = outputs
        self._s3 = session.client("s3", endpoint_url=endpoint_url)
        self._states = session.client("stepfunctions", endpoint_url=endpoint_url)
        self._sagemaker = session.client("sagemaker", endpoint_url=endpoint_url)
        self._runtime = session.client("sagemaker-runtime", endpoint_url=endpoint_url)

    def upload(self, name: str, content: bytes) -> tuple[str, str]:
        """Key and version of the uploaded object, which is what starts the pipeline."""
        key = f"incoming/{name}.csv"
        answer = self._s3.put_object(Bucket=self.outputs["RawBucketName"], Key=key, Body=content)
        return key, str(answer["VersionId"])

    def run(self, name: str, content: bytes, display: Display) -> Execution:
        """Upload a file and follow the execution that it starts to the end."""
        key, version_id = self.upload(name, content)
        display.step(f"uploaded [bold]{key}[/bold], {len(content):,} bytes")
        arn = find_execution(
            self._states, self.outputs["StateMachineArn"], key, version_id, START_PATIENCE_SECONDS
        )
        display.step(f"execution [bold]{arn.rsplit(':', 1)[-1]}[/bold]")
        with display.following() as follow:
            return watch(self._states, arn, follow, EXECUTION_PATIENCE_SECONDS)

    def endpoint_config(self) -> str:
        """The name of the endpoint config now serving."""
        answer = self._sagemaker.describe_endpoint(EndpointName=self.outputs["EndpointName"])
        return str(answer["EndpointConfigName"])

    def document(self, uri: str) -> dict[str, Any]:
        """A JSON object in S3."""
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        body = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        loaded: dict[str, Any] = json.loads(body)
        return loaded

    def ask(self, content: bytes, dataset_version: str, count: int = 3) -> list[Prediction]:
        """Predictions for `count` rows spread over the file, asked as CSV with a header."""
        contract = self._contract(dataset_version)
        hidden = {contract["target"], *contract.get("identifiers", [])}
        header, *rows = records(content)
        chosen = rows[:: max(1, len(rows) // count)][:count]
        asked = [{k: v for k, v in zip(header, row, strict=True) if k not in hidden} for row in chosen]
        answers = self._invoke(asked)
        if len(answers) != len(asked):
            raise RehearsalError(f"asked for {len(asked)} predictions, got {len(answers)}: {answers}")
        target = header.index(contract["target"])
        return [Prediction(a, b, row[target]) for a, b, row in zip(asked, answers, chosen, strict=True)]

    def _contract(self, dataset_version: str) -> dict[str, Any]:
        bucket = self.outputs["ArtifactBucketName"]
        document = self.document(f"s3://{bucket}/datasets/{dataset_version}/contract/contract.json")
        contract: dict[str, Any] = document["dataset"]
        return contract

    def _invoke(self, rows: list[dict[str, str]]) -> list[str]:
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        answer = self._runtime.invoke_endpoint(
            EndpointName=self.outputs["EndpointName"],
            ContentType="text/csv",
            Accept="text/csv",
            Body=text.getvalue().encode(),
        )
        lines: list[str] = answer["Body"].read().decode().split()
        return lines
