"""Markers in the host's environment, in credentials and in data turn up nowhere that they should not."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable, Iterator

import pytest

from tests.chaos.cloud import NAMES
from tests.e2e.hostile import surfaces
from tests.e2e.hostile.conftest import CONFIDENTIAL, HOSTS, Scene
from tests.e2e.hostile.data import rows, written
from tests.e2e.hostile.processes import CONTAINERS
from tests.e2e.hostile.surfaces import Place

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
# The cloud's own safe, and where ministack keeps users' keys and sessions, as AWS does somewhere.
SAFES = ("administrator.json", "services/iam.json", "services/sts.json")


def found_in(places: Iterable[Place], secrets: Iterable[str]) -> list[str]:
    wanted = [secret.encode() for secret in secrets]
    return [name for name, content in places if any(secret in content for secret in wanted)]


@pytest.fixture(scope="module")
def written_down(scene: Scene) -> list[Place]:
    """All that the account shows to somebody with a right to look: logs, executions, records."""
    makers = (surfaces.logs, surfaces.histories, surfaces.records)
    return [place for make in makers for place in make(scene.cloud)]


@pytest.fixture(scope="module")
def stored(scene: Scene) -> list[Place]:
    return list(surfaces.objects(scene.cloud))


@pytest.fixture(scope="module")
def kept(scene: Scene) -> list[Place]:
    """The files of the cloud itself, MLflow's database among them."""
    return list(surfaces.files(scene.state))


@pytest.fixture(scope="module")
def session_secrets(scene: Scene) -> set[str]:
    """Secrets and tokens that functions and jobs were given, and the administrator's."""
    given = {
        environment[name]
        for environment in scene.environments
        for name in CREDENTIALS[1:]
        if name in environment
    }
    return given | {scene.cloud.running.environment["AWS_SECRET_ACCESS_KEY"]}


def of_kind(scene: Scene, kind: str) -> Iterator[dict[str, str]]:
    yield from (e for e in scene.environments if CONTAINERS[kind] in e)


@pytest.mark.parametrize("kind", list(CONTAINERS))
def test_no_container_has_anything_of_the_hosts(scene: Scene, kind: str):
    environments = list(of_kind(scene, kind))
    assert environments
    for environment in environments:
        assert not set(HOSTS.values()) & set(environment.values())
        assert not {name for name in HOSTS if name not in CREDENTIALS} & set(environment)


def test_functions_and_jobs_have_their_own_sessions_and_the_endpoint_has_none(scene: Scene):
    for kind in ("function", "job"):
        assert all(set(CREDENTIALS) <= set(environment) for environment in of_kind(scene, kind))
    for environment in of_kind(scene, "endpoint"):
        assert not [name for name in environment if name.startswith("AWS_")]
    jobs = {e["AWS_SECRET_ACCESS_KEY"] for e in of_kind(scene, "job")}
    name, secret = CONTAINERS["function"], "AWS_SECRET_ACCESS_KEY"
    functions = {e[name]: e[secret] for e in of_kind(scene, "function")}
    assert len(functions) == len(set(functions.values()))
    assert not jobs & set(functions.values())


def test_the_hosts_secrets_are_nowhere(
    scene: Scene, written_down: list[Place], stored: list[Place], kept: list[Place]
):
    assembly = surfaces.files(scene.assembly)
    assert not found_in([*written_down, *stored, *kept, *assembly], HOSTS.values())


def test_credentials_are_in_no_log_record_object_or_run(
    session_secrets: set[str], written_down: list[Place], stored: list[Place], kept: list[Place]
):
    assert len(session_secrets) > 10
    assert not found_in([*written_down, *stored], session_secrets)
    assert set(found_in(kept, session_secrets)) <= set(SAFES)


def test_the_clouds_own_files_are_for_its_owner(scene: Scene):
    assert stat.S_IMODE(scene.state.stat().st_mode) == 0o700
    assert stat.S_IMODE((scene.state / "administrator.json").stat().st_mode) == 0o600


def test_uploaded_values_stay_in_the_encrypted_buckets(written_down: list[Place], stored: list[Place]):
    """Stored they are, in the dataset and what is derived from it; logged or told they are not."""
    assert any("train/train.parquet" in name for name in found_in(stored, [CONFIDENTIAL]))
    assert any("quarantine" in name for name in found_in(stored, [CONFIDENTIAL]))
    assert not found_in(written_down, [CONFIDENTIAL])


def test_uploaded_values_are_not_in_mlflows_database(kept: list[Place]):
    databases = [place for place in kept if "mlflow.db" in place[0]]
    assert databases
    assert not found_in(databases, [CONFIDENTIAL])


def test_a_rejection_quotes_one_short_value_and_no_more(scene: Scene):
    """Whoever uploaded the file must find the row; what else is in it, and other rows, stay untold."""
    secret = "secret-of-row"
    bad = [(f"{secret}-{n}-" + "x" * 500, "plain", f"{secret}-beside-{n}", 1.0) for n in range(60)]
    ending = scene.run("rejected", written([*rows(7, comment="c"), *bad]))
    assert ending.outcome == "DatasetRejected"
    told = json.dumps(ending.output)
    assert "beside" not in told
    assert {f"{secret}-{n}-" in told for n in range(60)} == {True, False}
    assert sum(f"{secret}-{n}-" in told for n in range(60)) == 1
    assert "x" * 100 not in told


def test_every_object_is_encrypted_with_the_pipelines_key(scene: Scene):
    s3 = scene.cloud.client("s3")
    aliases = scene.cloud.client("kms").list_aliases()["Aliases"]
    (key,) = [a["TargetKeyId"] for a in aliases if a["AliasName"] == f"alias/{NAMES.prefix}"]
    for output in ("RawBucketName", "ArtifactBucketName"):
        bucket = scene.cloud.outputs[output]
        found = s3.list_objects_v2(Bucket=bucket)["Contents"]
        assert found
        for item in found:
            head = s3.head_object(Bucket=bucket, Key=item["Key"])
            assert head["ServerSideEncryption"] == "aws:kms", item["Key"]
            assert head["SSEKMSKeyId"].endswith(key), item["Key"]
