"""A stage that asks a person: yes, no and silence, by the registry's own calls and an operator's session."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from localcloud.host.launch import launch
from tests.chaos.cloud import ChaosCloud
from tests.chaos.project import copied
from tests.integration.deployments.conftest import POLICY, SPEED
from tests.integration.deployments.stage import Model, Stage

pytestmark = pytest.mark.deployments

HOURS = 30
ASKED = "RequestApproval"


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A deployed pipeline whose stage asks, with a first champion that a person approved."""
    project = copied(tmp_path_factory.mktemp("approval") / "project")
    config = project / "pipeline.toml"
    text = config.read_text().replace("max_runtime_seconds = 60", "max_runtime_seconds = 600")
    asks = f'[deployment.dev]\napproval = "required"\napproval_timeout_hours = {HOURS}\n'
    assert "[deployment.dev]\n" in text
    config.write_text(text.replace("[deployment.dev]\n", asks))
    with launch(project=project, speed=SPEED) as cloud:
        made = Stage(ChaosCloud(cloud))
        first = threading.Thread(target=_approve_the_first, args=(made,))
        first.start()
        made.open()
        first.join()
        made.policy(**POLICY)
        yield made


def _approve_the_first(stage: Stage) -> None:
    stage.until(lambda: bool(stage.cloud.packages()), "a first package")
    decide(stage, stage.cloud.packages()[0]["ModelPackageArn"], "Approved")


def decide(stage: Stage, arn: str, status: str, client: Any = None, why: str = "") -> None:
    """What `aws sagemaker update-model-package` does, or a click in Studio."""
    words = {"ApprovalDescription": why} if why else {}
    (client or stage.sagemaker).update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status, **words)


def asked(stage: Stage, model: Model) -> tuple[str, str]:
    """Start a deployment and wait until a person is asked: the execution's ARN and the package's."""
    arn = stage.start(model)
    stage.until(lambda: ASKED in stage.states_entered(arn), f"{arn} to ask")
    return arn, str(stage.package_of(model)["ModelPackageArn"])


@contextlib.contextmanager
def operator(stage: Stage, name: str) -> Iterator[Any]:
    """SageMaker as a user sees it who may approve and do nothing else."""
    iam = stage.cloud.client("iam")
    iam.create_user(UserName=name)
    allowed = {"Effect": "Allow", "Action": "sagemaker:UpdateModelPackage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=name, PolicyName="approve", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    session = boto3.Session(
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        region_name=stage.cloud.region_name,
    )
    yield session.client("sagemaker", endpoint_url=stage.cloud.running.endpoint_url)
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName=name, PolicyName="approve")
    iam.delete_user(UserName=name)


@pytest.fixture
def alice(asking: Stage) -> Iterator[Any]:
    with operator(asking, "alice") as client:
        yield client


def test_a_model_is_deployed_once_a_person_approves_and_says_by_whom(asking: Stage, alice: Any) -> None:
    model = asking.challenger()
    arn, package = asked(asking, model)
    assert asking.package_of(model)["ModelApprovalStatus"] == "PendingManualApproval"
    assert "AcquireLease" not in asking.states_entered(arn)
    with asking.traffic(40.0):
        decide(asking, package, "Approved", alice)
        ended = asking.ended(arn)
    assert ended.outcome == "Promoted", ended.cause
    assert ended.output["approval"]["by"].endswith(":user/alice")
    asking.champion = model
    properties = asking.package_of(model)["CustomerMetadataProperties"]
    assert properties["approved_by"].endswith(":user/alice")
    asking.assert_nothing_left(model)


def test_a_model_that_a_person_rejects_goes_and_what_serves_stays(asking: Stage, alice: Any) -> None:
    model = asking.challenger()
    arn, package = asked(asking, model)
    decide(asking, package, "Rejected", alice, why="worse on the coast")
    ended = asking.ended(arn)
    assert ended.outcome == "ApprovalRefused"
    assert "user/alice rejected it: worse on the coast" in ended.output["reason"]
    assert "AcquireLease" not in asking.states_entered(arn)
    left = asking.package_of(model)
    assert left["ModelApprovalStatus"] == "Rejected"
    assert "worse on the coast" in left["ApprovalDescription"]
    asking.assert_nothing_left(asking.champion)


def test_silence_is_a_refusal_once_its_hours_are_over(asking: Stage) -> None:
    model = asking.challenger()
    arn, package = asked(asking, model)
    for _ in range(HOURS - 1):
        asking.cloud.faults.advance(3600.0)
    assert asking.describe(arn)["status"] == "RUNNING"
    for _ in range(2):
        asking.cloud.faults.advance(3600.0)
    ended = asking.ended(arn)
    assert (ended.outcome, ended.output["approval"]["status"]) == ("ApprovalRefused", "timed_out")
    # A yes that comes too late deploys nothing: the execution is over.
    decide(asking, package, "Approved")
    assert "AcquireLease" not in asking.states_entered(arn)
    decide(asking, package, "Rejected")
    asking.assert_nothing_left(asking.champion)


def test_an_older_model_that_is_approved_after_a_newer_one_took_over_gives_way(asking: Stage) -> None:
    slow, quick = asking.challenger(), asking.challenger()
    waiting, package = asked(asking, slow)
    overtaking, other = asked(asking, quick)
    # The later upload goes first and becomes champion; the one that waited gives way to it.
    with asking.traffic(40.0):
        decide(asking, other, "Approved")
        assert asking.ended(overtaking).outcome == "Promoted"
        asking.champion = quick
        decide(asking, package, "Approved")
        ended = asking.ended(waiting)
    assert ended.outcome == "Superseded"
    assert asking.package_of(slow)["ModelApprovalStatus"] == "Rejected"
    asking.assert_nothing_left(quick)


def test_an_earlier_uploads_model_that_became_champion_meanwhile_is_compared_with(asking: Stage) -> None:
    """The newer upload asks first, the older one is promoted while it waits: the verdict is stale."""
    older, newer = asking.challenger(), asking.challenger()
    begun, old_package = asked(asking, older)
    waiting, new_package = asked(asking, newer)
    with asking.traffic(40.0):
        decide(asking, old_package, "Approved")
        assert asking.ended(begun).outcome == "Promoted"
        asking.champion = older
        decide(asking, new_package, "Approved")
        ended = asking.ended(waiting)
    entered = asking.states_entered(waiting)
    assert entered.index("EvaluateModel") > entered.index("AcquireLease")
    assert entered.count(ASKED) == 1, "a yes is asked for once"
    assert ended.outcome in ("Promoted", "ChallengerRejected", "NotComparable"), ended.cause
    if ended.outcome == "Promoted":
        asking.champion = newer
