"""A table's whole way without a cloud: draft, ingestion, training, verdict, and rows as callers send them.

Each step is the product's own: the Lambdas' functions, the training job's program, the server's service.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import tarfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import ChallengerUnreadableError
from contracts.pipeline_config import PipelineConfig
from inference.http.messages import Request
from inference.http.service import Service
from inference.http.settings import ServerSettings
from lambdas.datasets.upload.arrival import receive
from lambdas.evaluate_model.candidate import Candidate
from lambdas.evaluate_model.evaluation import Evaluation, evaluate
from lambdas.evaluate_model.holdout import read_holdout
from lambdas.ingest_data.ingestion import HOLDOUT, TRAIN, Dataset, ingest
from operations.draft.drafting import drafted
from operations.draft.opening import upload_name
from operations.draft.table import table_of
from operations.rehearsal.uploads import Question, read_source
from training_jobs.job import Job
from training_jobs.train import train

BUDGET_SECONDS = 4
QUESTIONS = 5


@dataclass(frozen=True, kw_only=True)
class Way:
    """What a table came to. `answers` holds for each row asked what CSV and what JSON answered."""

    config: PipelineConfig
    text: str
    rows: int
    evaluation: Evaluation
    questions: Sequence[Question]
    answers: Sequence[tuple[str, str]]

    @property
    def is_promoted(self) -> bool:
        return self.evaluation.verdict.promote

    @property
    def reason(self) -> str:
        return self.evaluation.verdict.reason

    def figure(self, metric: str) -> float:
        """The challenger's on the holdout."""
        found = self.evaluation.metrics["challenger"]
        assert found is not None
        return found[metric]


def go(
    path: Path,
    target: str,
    task: str,
    folder: Path,
    *,
    budget_seconds: int = BUDGET_SECONDS,
    estimator: str = "auto",
) -> Way:
    """Raises whatever a step raises."""
    with table_of(path) as table:
        _, text, _ = drafted(table, target, task)
    document = tomllib.loads(text)
    document["training"] |= {"budget_seconds": budget_seconds, "estimator": estimator}
    config = PipelineConfig.from_document(document)
    dataset, model = trained(path, config, folder)
    evaluation = evaluate(
        config=config,
        holdout=read_holdout([dataset.directory / HOLDOUT], config.dataset),
        champion_profile=None,
        challenger=model,
        champion=None,
    )
    questions = read_source(str(path), config, QUESTIONS).questions
    service = Service.load(ServerSettings(model_directory=folder / "unpacked"))
    assert not service.failure
    return Way(
        config=config,
        text=text,
        rows=dataset.rows,
        evaluation=evaluation,
        questions=questions,
        answers=[_answers(service, question.row) for question in questions],
    )


def trained(path: Path, config: PipelineConfig, folder: Path) -> tuple[Dataset, Candidate]:
    """The file as it was ingested, and the model that was trained on it."""
    content = path.read_bytes()
    dataset = ingest(
        receive([content], upload_name(path.name, content[:4]), folder, config.dataset), config, folder
    )
    job = _job(folder / "ml", dataset.directory, config)
    train(job)
    archive = folder / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        for file in sorted(job.model_directory.iterdir()):
            packed.add(file, file.name)
    return dataset, Candidate(archive, folder / "unpacked", ChallengerUnreadableError)


def _job(base: Path, dataset: Path, config: PipelineConfig) -> Job:
    for channel in ("train", "contract"):
        (base / "input/data" / channel).mkdir(parents=True)
    (base / "model").mkdir()
    shutil.copy(dataset / TRAIN, base / "input/data/train/train.parquet")
    (base / "input/data/contract/contract.json").write_text(json.dumps(config.as_document()))
    return Job.from_environment({"SAGEMAKER_BASE_DIR": str(base)})


def _answers(service: Service, row: dict[str, str]) -> tuple[str, str]:
    """To the row's texts under a header in CSV, and by name in JSON."""
    body = io.StringIO()
    writer = csv.writer(body, lineterminator="\n")
    writer.writerows([list(row), list(row.values())])
    as_csv = _post(service, "text/csv", body.getvalue().encode())
    as_json = _post(service, "application/json", json.dumps({"instances": [row]}).encode())
    return as_csv, str(json.loads(as_json)["predictions"][0])


def _post(service: Service, content_type: str, body: bytes) -> str:
    response = service.handle(Request("POST", "/invocations", content_type, content_type, body=body))
    assert response.status == 200, (response.status, response.body, body)
    return response.body.decode().strip()
