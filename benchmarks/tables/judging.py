"""One table from its CSV to the verdict, unedited, and the same rows to everybody else."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from benchmarks.tables.shelf import Shelved
from contracts.errors import ChallengerUnreadableError
from contracts.pipeline_config import PipelineConfig
from lambdas.datasets.upload.arrival import receive
from lambdas.evaluate_model.bootstrap import resampled_gains
from lambdas.evaluate_model.candidate import Candidate
from lambdas.evaluate_model.evaluation import evaluate
from lambdas.evaluate_model.holdout import read_holdout
from lambdas.ingest_data.ingestion import HOLDOUT, TRAIN, ingest
from operations.draft.drafting import drafted
from operations.draft.opening import upload_name
from operations.draft.table import table_of
from scoring.constants import constant_answers
from scoring.figures import overall
from scoring.metrics import figure_of
from training_jobs.job import Job
from training_jobs.train import train

RESAMPLES = 1000
PEERS = ("boosting", "forest", "linear", "flaml")


def run(table: Shelved, folder: Path, python: Path, budget: int) -> dict[str, Any]:
    """What came of the table; a fault is its outcome and no end of the run."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found: dict[str, Any] = {"name": table.name, "hopeless": table.hopeless, "budget_seconds": budget}
    csv = folder / f"{table.name}.csv"
    here = Path(__file__).parent
    subprocess.run([python, here / "extract.py", table.source, csv], check=True)
    try:
        found |= _ours(table, csv, folder, budget)
    except Exception as error:  # whatever it is, it is what the user would have met
        return {**found, "outcome": "failed", "reason": f"{type(error).__name__}: {str(error)[:300]}"}
    kept = folder.parents[1] / "peers" / asked(folder)
    if not (kept / "peers.json").exists():
        subprocess.run([python, here / "peers.py", folder / "job.json", kept], check=True)
    return {**found, **_others(found, folder, kept)}


def asked(folder: Path) -> str:
    """A name of what the peers are asked: their answers to the very same are kept from run to run."""
    job = json.loads((folder / "job.json").read_text())
    digest = hashlib.sha256()
    for part in ("train", "holdout"):
        digest.update(Path(job.pop(part)).read_bytes())
    for file in ("peers.py", "requirements.txt"):
        digest.update((Path(__file__).parent / file).read_bytes())
    digest.update(json.dumps(job, sort_keys=True).encode())
    return digest.hexdigest()[:32]


def _ours(table: Shelved, csv: Path, folder: Path, budget: int) -> dict[str, Any]:
    began = time.perf_counter()
    with table_of(csv) as opened:
        _, text, _ = drafted(opened, table.target, table.task)
    drafted_at = time.perf_counter()
    document = tomllib.loads(text)
    document["training"]["budget_seconds"] = budget  # everybody gets the same time
    config = PipelineConfig.from_document(document)
    content = csv.read_bytes()
    arrival = receive([content], upload_name(csv.name, content[:4]), folder, config.dataset)
    dataset = ingest(arrival, config, folder)
    (folder / "model").mkdir()
    job = _job(folder, dataset.directory, config)
    trained_from = time.perf_counter()
    train(job)
    seconds = time.perf_counter() - trained_from
    archive = folder / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        for path in sorted(job.model_directory.iterdir()):
            packed.add(path, path.name)
    challenger = Candidate(archive, folder / "unpacked", ChallengerUnreadableError)
    holdout = read_holdout([dataset.directory / HOLDOUT], config.dataset)
    evaluation = evaluate(
        config=config, holdout=holdout, champion_profile=None, challenger=challenger, champion=None
    )
    _write_job(folder, dataset.directory, config, budget)
    np.save(folder / "ours.npy", evaluation.challenger)
    metric = config.gate.metric
    value = overall(figure_of(metric)(evaluation.target, evaluation.challenger), len(evaluation.target))
    return {
        "outcome": "promoted" if evaluation.verdict.promote else "refused",
        "reason": evaluation.verdict.reason,
        "metric": metric,
        "task": config.dataset.task,
        "rows": dataset.rows,
        "holdout_rows": dataset.holdout_rows,
        "features": len(config.dataset.feature_columns),
        "estimator": evaluation.manifest["estimator"],
        "ours": value,
        "draft_seconds": drafted_at - began,
        "train_seconds": seconds,
        "load_average": os.getloadavg()[0],
        "classes": list(evaluation.classes),
    }


def _job(folder: Path, dataset: Path, config: PipelineConfig) -> Job:
    base = folder / "ml"
    for channel in ("train", "contract"):
        (base / "input/data" / channel).mkdir(parents=True)
    shutil.copy(dataset / TRAIN, base / "input/data/train/train.parquet")
    (base / "input/data/contract/contract.json").write_text(json.dumps(config.as_document()))
    return Job.from_environment({"SAGEMAKER_BASE_DIR": str(base)})


def _write_job(folder: Path, dataset: Path, config: PipelineConfig, budget: int) -> None:
    contract = config.dataset
    job = {
        "train": str(dataset / TRAIN),
        "holdout": str(dataset / HOLDOUT),
        "target": contract.target,
        "task": contract.task,
        "columns": {column.name: column.type for column in contract.feature_columns},
        "budget_seconds": budget,
    }
    (folder / "job.json").write_text(json.dumps(job))


def _others(found: dict[str, Any], folder: Path, answers: Path) -> dict[str, Any]:
    """The metric of every peer and of the constant, by the same code, on the same rows."""
    job = json.loads((folder / "job.json").read_text())
    target, learnt = (_column(job[part], job["target"]) for part in ("holdout", "train"))
    classes = np.unique(learnt.astype(str))
    regression = job["task"] == "regression"
    truth = target.astype(float) if regression else np.searchsorted(classes, target.astype(str))
    figure = figure_of(found["metric"])
    scores: dict[str, Any] = json.loads((answers / "peers.json").read_text())
    assert regression or list(classes) == found["classes"], "the same columns of probabilities"
    scores = {f"{name}_seconds" if isinstance(v, float) else name: v for name, v in scores.items()}
    like = np.zeros(len(truth)) if regression else np.zeros((len(truth), len(classes)))
    scores["dummy"] = overall(figure(truth, constant_answers(found["metric"], truth, like)), len(truth))
    ours = figure(truth, np.load(folder / "ours.npy"))
    for name in PEERS:
        path = answers / f"{name}.npy"
        if path.exists():
            theirs = figure(truth, np.load(path))
            scores[name] = overall(theirs, len(truth))
            gains = resampled_gains(found["metric"], theirs, ours, len(truth), RESAMPLES)
            scores[f"{name}_worse_share"] = float(np.mean(gains < 0))
    return scores


def _column(path: str, name: str) -> npt.NDArray[Any]:
    return np.array(pq.read_table(path, columns=[name]).column(0).to_pylist())
