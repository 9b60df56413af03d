"""The deployed stage as its users have it: upload, watch, look at the endpoint, ask for predictions."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from contracts import layout
from operations.rehearsal.batches import Batches
from operations.rehearsal.display import Display
from operations.rehearsal.timeline import Timeline
from operations.rehearsal.traffic import Traffic
from operations.rehearsal.uploads import Question
from operations.rehearsal.watch import Execution, RehearsalError, find_execution, watch

START_PATIENCE_SECONDS = 60.0
EXECUTION_PATIENCE_SECONDS = 1800.0
_SHOWN_FIELDS = 30


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
        once = Config(retries={"total_max_attempts": 1}, max_pool_connections=20)
        self._runtime = session.client("sagemaker-runtime", endpoint_url=endpoint_url, config=once)
        self._cloudwatch = session.client("cloudwatch", endpoint_url=endpoint_url)

    def upload(self, name: str, content: bytes) -> tuple[str, str]:
        """Key and version of the uploaded object, which is what starts the pipeline."""
        return self._put(f"{layout.UPLOADS.prefix}{name}", content)

    def run(
        self, name: str, content: bytes, display: Display, on_state: Callable[[str], None] | None = None
    ) -> Execution:
        """Upload a file and follow its execution to the end; `on_state` hears of each state once."""
        return self._follow("StateMachineArn", self.upload(name, content), len(content), display, on_state)

    def run_batch(self, name: str, content: bytes, display: Display) -> Execution:
        """Upload a file of rows for the champion to answer, and follow that to its end."""
        uploaded = self._put(f"{layout.BATCH_UPLOADS.prefix}{name}", content)
        return self._follow("BatchMachineArn", uploaded, len(content), display)

    def _put(self, key: str, content: bytes) -> tuple[str, str]:
        answer = self._s3.put_object(Bucket=self.outputs["RawBucketName"], Key=key, Body=content)
        return key, str(answer["VersionId"])

    def _follow(
        self,
        machine: str,
        uploaded: tuple[str, str],
        size_bytes: int,
        display: Display,
        on_state: Callable[[str], None] | None = None,
    ) -> Execution:
        """To its end, the execution that the upload starts; `machine` is an output's name."""
        key, version_id = uploaded
        display.step(f"uploaded [bold]{key}[/bold], {size_bytes:,} bytes")
        arn = find_execution(self._states, self.outputs[machine], key, version_id, START_PATIENCE_SECONDS)
        display.step(f"execution [bold]{arn.rsplit(':', 1)[-1]}[/bold]")
        with display.following() as follow:
            heard = _Hearing(follow, on_state)
            return watch(self._states, arn, heard, EXECUTION_PATIENCE_SECONDS)

    def newest_training_job(self) -> str:
        """The name of the last training job, which its model and endpoint config share."""
        jobs = self._sagemaker.list_training_jobs(SortBy="CreationTime", SortOrder="Descending", MaxResults=1)
        return str(jobs["TrainingJobSummaries"][0]["TrainingJobName"])

    def traffic(self, question: Question, requests_per_second: float) -> Traffic:
        """Steady requests with one row of the data."""
        body = _csv_body([question.row])
        return Traffic(self._runtime, self.outputs["EndpointName"], body, requests_per_second)

    def timeline(self, blue: str, green: str) -> Timeline:
        """Watches the deployment that moves traffic from config `blue` to config `green`."""
        endpoint = self._sagemaker.describe_endpoint(EndpointName=self.outputs["EndpointName"])
        return Timeline(
            sagemaker=self._sagemaker,
            cloudwatch=self._cloudwatch,
            endpoint_name=self.outputs["EndpointName"],
            variant_name=endpoint["ProductionVariants"][0]["VariantName"],
            alarm_prefix=f"{self.outputs['EndpointName']}-green-",
            blue=blue,
            green=green,
        )

    def batches(self, tell: Callable[[str], None]) -> Batches:
        """Tells of a rolling deployment, batch by batch."""
        return Batches(self._sagemaker, self.outputs["EndpointName"], tell)

    def endpoint_config(self) -> str:
        """The name of the endpoint config now serving."""
        answer = self._sagemaker.describe_endpoint(EndpointName=self.outputs["EndpointName"])
        return str(answer["EndpointConfigName"])

    def document(self, uri: str) -> dict[str, Any]:
        """A JSON object in S3."""
        loaded: dict[str, Any] = json.loads(self.content(uri))
        return loaded

    def content(self, uri: str) -> bytes:
        """An object in S3."""
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        return bytes(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def ask(self, questions: Sequence[Question]) -> list[Prediction]:
        """Predictions for these rows, asked as CSV; RehearsalError names a row that is refused."""
        found = []
        for question in questions:
            answers = [line for line in self._answer([question.row], _sent(question)).splitlines() if line]
            if len(answers) != 1:
                raise RehearsalError(
                    f"one row was sent, {len(answers)} answers came: {answers}{_sent(question)}"
                )
            found.append(Prediction(asked=question.row, answered=answers[0], actual=question.actual))
        return found

    def ask_rows(self, rows: Sequence[dict[str, str]]) -> str:
        """The endpoint's answers to rows in one request, a line each; raises RehearsalError."""
        return self._answer(list(rows), f"; {len(rows)} rows were sent")

    def _answer(self, rows: list[dict[str, str]], sent: str) -> str:
        try:
            answer = self._runtime.invoke_endpoint(
                EndpointName=self.outputs["EndpointName"],
                ContentType="text/csv",
                Accept="text/csv",
                Body=_csv_body(rows),
            )
            return str(answer["Body"].read().decode())
        except ClientError as error:
            said = str(error.response.get("OriginalMessage") or error.response["Error"].get("Message", error))
            status = error.response.get("OriginalStatusCode") or error.response["Error"].get("Code", "")
            raise RehearsalError(f"the endpoint answered {status}: {said}{sent}") from error
        except BotoCoreError as error:
            raise RehearsalError(f"the endpoint could not be asked: {error}{sent}") from error


class _Hearing:
    """Passes each change on, and each state's name once."""

    def __init__(self, follow: Callable[[Execution], None], on_state: Callable[[str], None] | None) -> None:
        self._follow = follow
        self._on_state = on_state
        self._heard: set[str] = set()

    def __call__(self, execution: Execution) -> None:
        self._follow(execution)
        for state in execution.states:
            if self._on_state and state.name not in self._heard:
                self._heard.add(state.name)
                self._on_state(state.name)


def _csv_body(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _sent(question: Question) -> str:
    """The row for people: its first columns, each with the text that was sent."""
    shown = [f"{name}={value[:60]!r}" for name, value in list(question.row.items())[:_SHOWN_FIELDS]]
    rest = f" and {len(question.row) - len(shown)} more" if len(question.row) > len(shown) else ""
    return f"; the row that was sent: {', '.join(shown)}{rest}"
