"""A sample of everything that an execution's document holds."""

from __future__ import annotations

from contracts.documents.data import (
    Dataset,
    ManifestSource,
    PartRead,
    Parts,
    Preconditions,
    RejectedDataset,
    UploadInput,
)
from contracts.documents.deployments import (
    Approval,
    Deployment,
    DeploymentStatus,
    GoingHome,
    LeaseAnswer,
    Promotion,
    Rejection,
    Release,
    Rollback,
    Watch,
)
from contracts.documents.models import Evaluation, Registration, Training, Verdict

JOB, OLD = "housing-dev-0123456789abcdef", "housing-dev-fedcba9876543210"
GROUP = "arn:aws:sagemaker:us-east-1:111122223333:model-package/housing-dev-models"
UPLOAD = UploadInput(bucket="raw", key="incoming/a.csv", versionId="v1", sequencer="0055").as_document()

PRECONDITIONS = Preconditions(is_endpoint_lost=False, disagreement="")
DATASET = Dataset(
    accepted=True,
    contract_hash="c" * 64,
    upload_order="2026-11-22T02:49:00Z/0055",
    version="0a1b2c",
    uri="s3://artifacts/datasets/0a1b2c/",
    train_uri="s3://artifacts/datasets/0a1b2c/train/",
    contract_uri="s3://artifacts/datasets/0a1b2c/contract/",
    holdout_uri="s3://artifacts/datasets/0a1b2c/holdout/holdout.parquet",
    quarantine_uri="s3://artifacts/datasets/0a1b2c/quarantine/quarantine.parquet",
    profile_uri="s3://artifacts/datasets/0a1b2c/profile.json",
    manifest_uri="s3://artifacts/datasets/0a1b2c/manifest.json",
    rows=100,
    train_rows=79,
    holdout_rows=20,
    quarantined_rows=1,
)
REJECTED_DATASET = RejectedDataset(
    accepted=False,
    contract_hash="c" * 64,
    upload_order="2026-11-22T02:49:00Z/0055",
    message="no rows",
    faults=({"rule": "rows", "detail": "no rows"},),
    version="0a1b2c",
    quarantine_uri="s3://artifacts/rejected/0a1b2c/quarantine/quarantine.parquet",
)
PARTS = Parts(
    accepted=True,
    contract_hash="c" * 64,
    upload_order="2026-11-22T02:49:00Z/0055",
    list="0a1b",
    items_key="parts/0a1b/items.json",
    count=3,
    source=ManifestSource(uri="s3://raw/incoming/june/manifest.json", version_id="v1"),
)
PART_READ = PartRead(number=0, rows=10)
TRAINING = Training(
    job_name=JOB,
    model_data_uri=f"s3://artifacts/training/{JOB}/output/model.tar.gz",
    job_arn=f"arn:aws:sagemaker:us-east-1:111122223333:training-job/{JOB}",
)
EVALUATION = Evaluation(
    verdict=Verdict(promote=True, outcome="ChallengerBetter", reason="better by 11 %", advice=("look",)),
    metric="rmse_error",
    challenger={"rmse_error": 40594.27},
    champion=None,
    champion_arn="",
    mlflow_run_id="run-1",
    model_hash="d" * 64,
    report_uri=f"s3://artifacts/evaluations/{JOB}/report.json",
    report_html_uri=f"s3://artifacts/evaluations/{JOB}/report.html",
    archive_hash="a" * 64,
    trained_on_uri=f"s3://artifacts/evaluations/{JOB}/trained-on.bin",
    holdout_rows=20,
)
REGISTRATION = Registration(
    model_package_arn=f"{GROUP}/2",
    model_package_version=2,
    mlflow_model_version="2",
    serving_image_uri="111122223333.dkr.ecr.us-east-1.amazonaws.com/serving@sha256:1",
    model_data_uri=f"s3://artifacts/models/{'a' * 64}/model.tar.gz",
    model_hash="d" * 64,
)
LEASE = LeaseAnswer(status="acquired", reason="", token=7, champion_arn="")
ROLLBACK = Rollback(
    from_package_arn=f"{GROUP}/2",
    reason="complaints",
    to_version=1,
    restore=False,
    leaves_package_arn=f"{GROUP}/2",
)
DEPLOYMENT = Deployment(
    endpoint_name="housing-dev",
    config_name=JOB,
    previous_config_name=OLD,
    alarm_prefix=f"housing-dev-green-{JOB}-",
    check_after_seconds=10,
    started_at="2026-11-22T02:40:00Z",
    guards={f"housing-dev-green-{JOB}-latency": "0a"},
    exempt="",
    watch=Watch(min_green_requests=20, evidence_wait_seconds=300, when_unproven="reject"),
)
GOING_HOME = GoingHome(error="DeploymentUnguardedError", reason="nobody watched", attempts=1)
DEPLOYMENT_STATUS = DeploymentStatus(
    status="done",
    reason=f"all traffic is on {JOB}",
    proof="proven",
    alarms=({"name": "x", "at": "2026-11-22T02:41:00Z", "reason": "over", "datapoints": [1.0]},),
    watched_seconds=120,
)
APPROVAL = Approval(status="approved", by="arn:aws:iam::111122223333:user/alice", reason="alice approved it")
PROMOTION = Promotion(
    champion_arn=f"{GROUP}/2", previous_champion_arn=f"{GROUP}/1", proof="proven", deleted=(OLD,)
)
REJECTION = Rejection(reason="E: m", deleted=JOB, kept=False)
RELEASE = Release(held=True)
