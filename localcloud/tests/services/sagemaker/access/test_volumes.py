"""A customer's key on a disk needs a grant, which the caller or a job's role must be allowed to make."""

import pytest

from localcloud.iam import decisions
from localcloud.services.sagemaker.access.caller import Trusted
from localcloud.services.sagemaker.access.volumes import Volumes
from localcloud.services.sagemaker.errors import AccessDeniedError, ValidationError
from localcloud.tests.services.sagemaker.fakes import Denying, FakePlatform

KEY = "arn:aws:kms:us-east-1:111122223333:key/k"
ROLE = {"AWS_ACCESS_KEY_ID": "ASIA1", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}


@pytest.fixture
def volumes(tmp_path):
    return Volumes(FakePlatform(tmp_path), lambda name: KEY if name in ("k", KEY, "alias/own") else None)


def answering(monkeypatch, *, allowed: bool) -> list[tuple[str, str, dict[str, str]]]:
    asked = []

    def check(credentials, action, resource, *, account, region, context):
        asked.append((action, resource, dict(context)))
        if not allowed:
            raise decisions.NotAuthorizedError("no", action)

    monkeypatch.setattr(decisions, "check", check)
    return asked


@pytest.mark.parametrize("key", [None, "", "alias/aws/ebs"])
def test_a_disk_without_a_customers_key_needs_nothing(volumes, key):
    caller = Denying("kms:CreateGrant")
    volumes.check(key, caller)
    assert caller.asked == []


def test_a_caller_without_the_grant_is_refused(volumes):
    with pytest.raises(AccessDeniedError, match=r"kms:CreateGrant on resource: .*key/k"):
        volumes.check("alias/own", Denying("kms:CreateGrant"))
    volumes.check("alias/own", Denying())


def test_a_jobs_own_role_may_have_it_instead(volumes, monkeypatch):
    asked = answering(monkeypatch, allowed=True)
    volumes.check("k", Denying("kms:CreateGrant"), ROLE)
    context = {"kms:CallerAccount": "111122223333", "kms:GrantIsForAWSResource": "true"}
    assert asked == [("kms:CreateGrant", KEY, context)]


def test_neither_of_them_is_refused_and_the_caller_alone_is_enough(volumes, monkeypatch):
    answering(monkeypatch, allowed=False)
    with pytest.raises(AccessDeniedError, match="kms:CreateGrant"):
        volumes.check("k", Denying("kms:CreateGrant"), ROLE)
    volumes.check("k", Denying(), ROLE)


def test_a_key_that_is_not_there_is_refused(volumes):
    with pytest.raises(ValidationError, match="The KMS key other does not exist"):
        volumes.check("other", Trusted())
