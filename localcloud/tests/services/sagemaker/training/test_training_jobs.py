import io
import json
import tarfile
from typing import Any, cast

import pytest

from localcloud.services.sagemaker.access.caller import Trusted
from localcloud.services.sagemaker.errors import (
    AccessDeniedError,
    ResourceInUseError,
    UnsupportedOperationError,
    ValidationError,
)
from localcloud.services.sagemaker.events import Events
from localcloud.services.sagemaker.requests.contract import Contract
from localcloud.services.sagemaker.requests.names import Names
from localcloud.services.sagemaker.requests.tags import Tags
from localcloud.services.sagemaker.store import Store
from localcloud.services.sagemaker.training.jobs import TrainingJobs
from localcloud.tests.services.sagemaker.fakes import (
    IMAGE,
    ROLE,
    Denying,
    FakeContainer,
    FakePlatform,
    FakeRoles,
)

SOURCE = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/train/"}}


def request(**changes) -> dict[str, Any]:
    return {
        "TrainingJobName": "job",
        "RoleArn": ROLE,
        "HyperParameters": {"seed": "1"},
        "Environment": {"DATASET": "v1"},
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "rmse", "Regex": r"metric rmse=([-+0-9.eE]+);"}],
        },
        "InputDataConfig": [{"ChannelName": "train", "DataSource": SOURCE}],
        "OutputDataConfig": {"S3OutputPath": "s3://out/training/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **changes,
    }


class Account:
    """Training jobs whose container is a function."""

    def __init__(self, tmp_path, program=lambda spec, say: 0, store: Store | None = None) -> None:
        self.platform = FakePlatform(tmp_path)
        self.roles = cast(Any, FakeRoles(tmp_path))
        self.roles.s3.objects["data", "train/a.csv"] = b"1,2"
        self.container = FakeContainer(program)
        self.store = store or Store()
        names = Names("111122223333", "us-east-1")
        self.events = Events(self.platform)
        tags = Tags(self.store)
        self.jobs = TrainingJobs(
            self.store,
            names,
            tags,
            self.platform,
            self.roles,
            self.events,
            self.container,
            stop_grace_seconds=0,
        )

    def train(self, **changes) -> dict[str, Any]:
        asked = request(**changes)
        Contract().check_request("CreateTrainingJob", asked)
        self.jobs.create(asked, Trusted())
        described = self.jobs.wait(asked["TrainingJobName"], lambda: False)
        Contract().check_answer("DescribeTrainingJob", described)
        return described

    def uploaded(self, name: str) -> dict[str, bytes]:
        data = self.roles.s3.objects["out", f"training/job/output/{name}"]
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            return {
                member.name: file.read() for member in tar.getmembers() if (file := tar.extractfile(member))
            }


def test_a_job_finds_its_configuration_and_data_where_sagemaker_puts_them(tmp_path):
    seen: dict[str, Any] = {}

    def program(spec, say):
        base = spec.ml_directory
        for name in ("hyperparameters", "inputdataconfig", "resourceconfig"):
            seen[name] = json.loads((base / "input" / "config" / f"{name}.json").read_text())
        seen["data"] = (base / "input" / "data" / "train" / "a.csv").read_bytes()
        seen["environment"], seen["arguments"] = spec.env, spec.arguments
        return 0

    assert Account(tmp_path, program).train()["TrainingJobStatus"] == "Completed"
    assert seen["hyperparameters"] == {"seed": "1"}
    assert seen["inputdataconfig"]["train"]["TrainingInputMode"] == "File"
    assert seen["resourceconfig"]["current_host"] == "algo-1"
    assert seen["data"] == b"1,2"
    assert list(seen["arguments"]) == ["train"]
    assert seen["environment"]["TRAINING_JOB_NAME"] == "job"
    assert seen["environment"]["DATASET"] == "v1"
    assert seen["environment"]["AWS_ACCESS_KEY_ID"] == "ASIA1"
    assert seen["environment"]["SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT"] == "http://127.0.0.1:4566"


def test_a_job_that_is_isolated_from_the_network_has_no_credentials(tmp_path):
    account = Account(tmp_path)
    account.train(EnableNetworkIsolation=True)
    assert sorted(account.container.specs[0].env) == ["DATASET", "TRAINING_JOB_ARN", "TRAINING_JOB_NAME"]


def test_what_a_job_leaves_is_uploaded_as_two_archives(tmp_path):
    def program(spec, say):
        (spec.ml_directory / "model" / "manifest.json").write_text("{}")
        (spec.ml_directory / "output" / "data" / "report.json").write_text("[]")
        return 0

    account = Account(tmp_path, program)
    described = account.train()
    assert described["ModelArtifacts"] == {"S3ModelArtifacts": "s3://out/training/job/output/model.tar.gz"}
    assert account.uploaded("model.tar.gz") == {"manifest.json": b"{}"}
    assert account.uploaded("output.tar.gz") == {"report.json": b"[]"}


def test_the_statuses_on_the_way_are_kept_and_told(tmp_path):
    account = Account(tmp_path)
    described = account.train()
    kinds = [step["Status"] for step in described["SecondaryStatusTransitions"]]
    assert kinds == [
        "Starting",
        "Downloading",
        "DownloadingTrainingImage",
        "Training",
        "Uploading",
        "Completed",
    ]
    account.events._sender.shutdown(wait=True)
    assert {event["detail-type"] for event in account.platform.events} == {
        "SageMaker Training Job State Change"
    }
    assert account.platform.events[-1]["detail"]["TrainingJobStatus"] == "Completed"
    assert isinstance(account.platform.events[-1]["detail"]["CreationTime"], int)


def test_metrics_are_read_from_the_log_and_the_last_value_counts(tmp_path):
    def program(spec, say):
        for line in ("metric rmse=3.5;", "metric rmse=nonsense;", "metric rmse=2.5e0;"):
            say(line)
        return 0

    account = Account(tmp_path, program)
    (metric,) = account.train()["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("rmse", 2.5)
    (stream,) = account.platform.logs
    assert stream.startswith("/aws/sagemaker/TrainingJobs:job/algo-1-")
    assert account.platform.logs[stream] == [
        "metric rmse=3.5;",
        "metric rmse=nonsense;",
        "metric rmse=2.5e0;",
    ]


def test_a_failing_algorithm_gives_its_own_reason_and_uploads_nothing(tmp_path):
    def program(spec, say):
        (spec.ml_directory / "model" / "half").write_text("x")
        (spec.ml_directory / "output" / "failure").write_text("InvalidDatasetError: no rows")
        return 2

    account = Account(tmp_path, program)
    described = account.train()
    assert described["TrainingJobStatus"] == "Failed"
    assert described["FailureReason"] == "AlgorithmError: InvalidDatasetError: no rows, exit code: 2"
    assert ("out", "training/job/output/model.tar.gz") not in account.roles.s3.objects


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {
                "InputDataConfig": [
                    {
                        "ChannelName": "t",
                        "DataSource": {
                            "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/nothing/"}
                        },
                    }
                ]
            },
            'No S3 objects found under S3 URL "s3://data/nothing/"',
        ),
        (
            {"AlgorithmSpecification": {"TrainingImage": "missing:1", "TrainingInputMode": "File"}},
            "ClientError: The image missing:1 does not exist",
        ),
        (
            {"OutputDataConfig": {"S3OutputPath": "s3://out/secret"}},
            "ClientError: Artifact upload failed:AccessDenied (403): not authorized to perform: s3:PutObject",
        ),
    ],
)
def test_what_the_role_cannot_do_fails_the_job_with_the_reason(tmp_path, changes, reason):
    def program(spec, say):
        (spec.ml_directory / "model" / "m").write_text("x")
        return 0

    described = Account(tmp_path, program).train(**changes)
    assert described["TrainingJobStatus"] == "Failed"
    assert reason in described["FailureReason"]


def test_data_that_the_role_may_not_read_fails_the_job(tmp_path):
    account = Account(tmp_path)
    account.roles.s3.objects["data", "train/secret.csv"] = b""
    assert "s3:GetObject" in account.train()["FailureReason"]


def test_a_job_over_its_time_limit_is_stopped_with_what_it_has(tmp_path):
    account = Account(tmp_path, lambda spec, say: None)
    described = account.train(StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert described["TrainingJobStatus"] == "Stopped"
    assert described["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert 15 in account.container.signals


def test_a_job_that_is_told_to_stop_stops(tmp_path):
    account = Account(tmp_path, lambda spec, say: None)
    account.jobs.create(request(), Trusted())
    account.jobs.stop({"TrainingJobName": "job"}, Trusted())
    assert account.jobs.wait("job", lambda: False)["TrainingJobStatus"] == "Stopped"
    with pytest.raises(ValidationError, match="in status Stopped"):
        account.jobs.stop({"TrainingJobName": "job"}, Trusted())


def test_a_name_is_used_once(tmp_path):
    account = Account(tmp_path)
    account.train()
    with pytest.raises(ResourceInUseError, match="Job name must be unique"):
        account.jobs.create(request(), Trusted())


def test_a_role_must_be_passable_and_trust_sagemaker(tmp_path):
    account = Account(tmp_path)
    with pytest.raises(AccessDeniedError, match="iam:PassRole"):
        account.jobs.create(request(), Denying("iam:PassRole"))
    with pytest.raises(ValidationError, match="Could not assume role"):
        account.jobs.create(request(RoleArn="arn:aws:iam::111122223333:role/unknown"), Trusted())


def test_what_is_not_embedded_is_said_at_once(tmp_path):
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 5}
    with pytest.raises(UnsupportedOperationError, match="one instance"):
        Account(tmp_path).jobs.create(request(ResourceConfig=resources), Trusted())


def test_a_job_that_ran_when_the_cloud_ended_has_failed(tmp_path):
    first = Account(tmp_path)
    record = first.jobs._new_record(request(), "arn:aws:sagemaker:us-east-1:111122223333:training-job/job")
    first.store.table("training-job").save("job", record)
    second = Account(tmp_path, store=first.store)
    second.jobs.recover()
    described = second.jobs.describe({"TrainingJobName": "job"}, Trusted())
    assert described["TrainingJobStatus"] == "Failed"
    assert described["FailureReason"].startswith("InternalServerError")


def interrupted(tmp_path, **changes) -> Account:
    """An account whose cloud ended while a job ran."""
    first = Account(tmp_path)
    asked = request(**changes)
    record = first.jobs._new_record(asked, "arn:aws:sagemaker:us-east-1:111122223333:training-job/job")
    first.store.table("training-job").save("job", record)
    return Account(tmp_path, store=first.store)


def test_a_job_that_may_be_tried_again_runs_anew_when_the_cloud_comes_back(tmp_path):
    account = interrupted(tmp_path, RetryStrategy={"MaximumRetryAttempts": 1})
    account.jobs.recover()
    described = account.jobs.wait("job", lambda: False)
    Contract().check_answer("DescribeTrainingJob", described)
    assert described["TrainingJobStatus"] == "Completed"
    assert "Restarting" in [step["Status"] for step in described["SecondaryStatusTransitions"]]


def test_a_job_is_tried_again_no_oftener_than_it_may(tmp_path):
    account = interrupted(tmp_path, RetryStrategy={"MaximumRetryAttempts": 1})
    record = account.store.table("training-job").get("job")
    assert record is not None
    account.jobs._restart(record)
    account.jobs.recover()
    assert account.jobs.describe({"TrainingJobName": "job"}, Trusted())["TrainingJobStatus"] == "Failed"


def test_a_job_that_was_being_stopped_is_stopped_when_the_cloud_comes_back(tmp_path):
    account = interrupted(tmp_path, RetryStrategy={"MaximumRetryAttempts": 1})
    record = account.store.table("training-job").get("job")
    assert record is not None
    record["TrainingJobStatus"] = "Stopping"
    account.jobs.recover()
    assert account.jobs.describe({"TrainingJobName": "job"}, Trusted())["TrainingJobStatus"] == "Stopped"


@pytest.mark.parametrize(("attempts", "status"), [(2, "Completed"), (1, "Failed")])
def test_an_internal_error_is_tried_again_as_often_as_the_job_says(tmp_path, attempts, status):
    runs = iter([RuntimeError("the instance died"), RuntimeError("again"), None])

    def program(spec, say):
        if problem := next(runs):
            raise problem
        return 0

    described = Account(tmp_path, program).train(RetryStrategy={"MaximumRetryAttempts": attempts})
    assert described["TrainingJobStatus"] == status


def test_a_job_that_fails_by_its_own_fault_is_not_tried_again(tmp_path):
    runs: list[int] = []

    def program(spec, say):
        runs.append(1)
        return 1

    described = Account(tmp_path, program).train(RetryStrategy={"MaximumRetryAttempts": 5})
    assert (described["TrainingJobStatus"], len(runs)) == ("Failed", 1)


def test_a_job_that_nobody_made_is_not_found(tmp_path):
    with pytest.raises(ValidationError, match="Requested resource not found"):
        Account(tmp_path).jobs.describe({"TrainingJobName": "job"}, Trusted())


def test_jobs_are_listed_by_status(tmp_path):
    account = Account(tmp_path)
    account.train()
    answer = account.jobs.list({"StatusEquals": "Completed"}, Trusted())
    Contract().check_answer("ListTrainingJobs", answer)
    assert [item["TrainingJobName"] for item in answer["TrainingJobSummaries"]] == ["job"]
    assert account.jobs.list({"StatusEquals": "Failed"}, Trusted())["TrainingJobSummaries"] == []


def test_the_volumes_key_of_a_job_is_asked_for_before_there_is_a_job(tmp_path):
    account = Account(tmp_path)
    asked = []

    def refuse(key, caller, role):
        asked.append((key, role["AWS_ACCESS_KEY_ID"]))
        raise AccessDeniedError("kms:CreateGrant")

    account.jobs._check_volume = refuse
    config = {**request()["ResourceConfig"], "VolumeKmsKeyId": "k"}
    with pytest.raises(AccessDeniedError):
        account.jobs.create(request(ResourceConfig=config), Trusted())
    assert asked == [("k", "ASIA1")]
    assert account.jobs.list({}, Trusted())["TrainingJobSummaries"] == []
