"""EvaluateModel: a trained challenger in, the verdict on it and the report's place out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import metrics
from contracts.errors import ChallengerUnreadableError, ChampionUnreadableError, EvaluationError
from contracts.pipeline_config import PipelineConfig
from contracts.settings import EvaluateModelSettings
from lambdas.aws import storage
from lambdas.aws.registry import ModelRegistry, Package
from lambdas.evaluate_model.candidate import Candidate
from lambdas.evaluate_model.evaluation import Evaluation, evaluate
from lambdas.evaluate_model.holdout import Holdout
from lambdas.evaluate_model.page import page
from lambdas.mlflow import Mlflow
from lambdas.telemetry import count, logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: it overwrites its own report with the same one."""
    settings = EvaluateModelSettings.from_environment()
    dataset, training = event["dataset"], event["training"]
    package = ModelRegistry(settings.model_package_group_name).champion()
    with tempfile.TemporaryDirectory(prefix="evaluate-") as scratch:
        config = _config(dataset)
        challenger = _challenger(training["model_data_uri"], Path(scratch))
        champion = _champion(package, Path(scratch)) if package else None
        path = Path(scratch) / "holdout.parquet"
        storage.download_file(dataset["holdout_uri"], path)
        evaluation = evaluate(
            contract=config.dataset,
            gate=config.gate,
            holdout=Holdout.read(path, config.dataset),
            profile=storage.read_json(dataset["profile_uri"]) or {},
            champion_profile=_profile_of(package) if package else None,
            challenger=challenger,
            champion=champion,
        )
    document = {**evaluation.as_document(), **_origin(event, challenger, package)}
    uris = _write_report(settings, training["job_name"], evaluation, document, dataset)
    _log_to_mlflow(settings, document)
    promote = evaluation.verdict.promote
    count(settings.metric_namespace, metrics.CHALLENGERS_BETTER if promote else metrics.CHALLENGERS_REJECTED)
    logger.info("verdict", promote=promote, reason=evaluation.verdict.reason)
    return _answer(document, uris)


def _config(dataset: dict[str, Any]) -> PipelineConfig:
    """The configuration under which the dataset was accepted and the challenger trained."""
    uri = f"{dataset['contract_uri']}contract.json"
    document = storage.read_json(uri)
    if document is None:
        raise EvaluationError(f"{uri} is gone")
    return PipelineConfig.from_document(document, source="contract.json")


def _challenger(model_data_uri: str, scratch: Path) -> Candidate:
    archive = scratch / "challenger.tar.gz"
    storage.download_file(model_data_uri, archive)
    return Candidate(archive, scratch / "challenger", ChallengerUnreadableError)


def _champion(package: Package, scratch: Path) -> Candidate:
    archive = scratch / "champion.tar.gz"
    try:
        storage.download_file(package.model_data_uri, archive)
        return Candidate(archive, scratch / "champion", ChampionUnreadableError)
    except (ChampionUnreadableError, storage.ObjectMissingError) as error:
        raise ChampionUnreadableError(
            f"champion {package.arn} at {package.model_data_uri}: {error}. It serves on. Reject the package "
            "to have the next challenger judged as a first model"
        ) from error


def _profile_of(package: Package) -> dict[str, Any] | None:
    uri = package.properties.get("dataset_uri")
    return storage.read_json(f"{uri}profile.json") if uri else None


def _origin(event: dict[str, Any], challenger: Candidate, package: Package | None) -> dict[str, Any]:
    manifest = challenger.manifest
    return {
        "training_job_name": event["training"]["job_name"],
        "dataset_version": event["dataset"]["version"],
        "mlflow_run_id": str(manifest.get("mlflow_run_id", "")),
        "model_hash": str(manifest.get("model_hash", "")),
        "cv_metrics": manifest.get("cv_metrics", {}),
        "champion_arn": package.arn if package else "",
    }


def _write_report(
    settings: EvaluateModelSettings,
    job_name: str,
    evaluation: Evaluation,
    document: dict[str, Any],
    dataset: dict[str, Any],
) -> dict[str, str]:
    base = f"s3://{settings.artifact_bucket_name}/evaluations/{job_name}"
    uris = {"report_uri": f"{base}/report.json", "report_html_uri": f"{base}/report.html"}
    storage.write_json(document, uris["report_uri"])
    storage.write_text(
        page(evaluation, document, dataset), uris["report_html_uri"], "text/html; charset=utf-8"
    )
    return uris


def _log_to_mlflow(settings: EvaluateModelSettings, document: dict[str, Any]) -> None:
    """The run of the training job gains what the holdout said."""
    run_id = document["mlflow_run_id"]
    if not run_id:
        return
    mlflow = Mlflow(settings.mlflow_tracking_uri)
    mlflow.log_metrics(run_id, {f"holdout_{k}": v for k, v in document["metrics"]["challenger"].items()})
    mlflow.set_tag(run_id, "verdict", document["verdict"]["reason"][:5000])
    mlflow.set_tag(run_id, "promote", str(document["verdict"]["promote"]).lower())


def _answer(document: dict[str, Any], uris: dict[str, str]) -> dict[str, Any]:
    """What the execution's document keeps: figures and places, not the whole report."""
    return {
        "verdict": document["verdict"],
        "metric": document["metric"],
        "challenger": document["metrics"]["challenger"],
        "champion": document["metrics"].get("champion"),
        "champion_arn": document["champion_arn"],
        "mlflow_run_id": document["mlflow_run_id"],
        "model_hash": document["model_hash"],
        "holdout_rows": document["rows"],
        **uris,
    }
