import io
import tarfile
from typing import Any, cast

import pytest

from localcloud.services.sagemaker.hosting.fleet.fleet import FleetError
from localcloud.services.sagemaker.hosting.models.program import Preparer
from localcloud.tests.services.sagemaker.fakes import IMAGE, ROLE, FakePlatform, FakeRoles

DATA = "s3://b/model.tar.gz"
MODEL: dict[str, Any] = {
    "ModelArn": "arn:aws:sagemaker:us-east-1:111122223333:model/m",
    "ExecutionRoleArn": ROLE,
    "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": DATA, "Environment": {"A": "1"}},
}


def archive(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


class Prepared:
    """A preparer whose one bucket is `b`."""

    def __init__(self, tmp_path, package: dict[str, Any] | None = None) -> None:
        self.roles = FakeRoles(tmp_path)
        self.roles.s3.objects["b", "model.tar.gz"] = archive(manifest=b"{}")
        self._directory = tmp_path / "fleet"
        self._preparer = Preparer(
            FakePlatform(tmp_path), cast(Any, self.roles), lambda arn: cast(Any, package)
        )

    def prepare(self, **changes):
        return self._preparer.prepare({**MODEL, **changes}, self._directory)


def test_a_program_has_the_model_unpacked_and_the_roles_credentials(tmp_path):
    program = Prepared(tmp_path).prepare()
    assert (program.model_directory / "manifest").read_bytes() == b"{}"
    assert program.environment["A"] == "1"
    assert program.environment["AWS_ACCESS_KEY_ID"] == "ASIA1"
    assert program.environment["SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT"] == "http://127.0.0.1:4566"


def test_a_model_isolated_from_the_network_cannot_call_but_sagemaker_can_for_it(tmp_path):
    program = Prepared(tmp_path).prepare(EnableNetworkIsolation=True)
    assert program.environment == {"A": "1"}
    assert program.isolated
    assert program.credentials == {"AWS_ACCESS_KEY_ID": "ASIA1"}


def test_a_model_without_data_has_an_empty_directory(tmp_path):
    assert Prepared(tmp_path).prepare(PrimaryContainer={"Image": IMAGE}).model_directory is None


def test_a_packaged_model_takes_image_data_and_environment_from_its_package(tmp_path):
    container = {"Image": IMAGE, "ModelDataUrl": DATA, "Environment": {"A": "0", "B": "2"}}
    prepared = Prepared(tmp_path, {"InferenceSpecification": {"Containers": [container]}})
    program = prepared.prepare(PrimaryContainer={"ModelPackageName": "arn:p", "Environment": {"A": "1"}})
    assert (program.environment["A"], program.environment["B"]) == ("1", "2")
    assert (program.model_directory / "manifest").exists()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"ExecutionRoleArn": "arn:aws:iam::1:role/unknown"}, "Could not assume role"),
        ({"PrimaryContainer": {"Image": "missing:1"}}, "The image missing:1 does not exist"),
        (
            {"PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": "s3://b/secret.tar.gz"}},
            "Could not access model data at s3://b/secret.tar.gz.*s3:GetObject",
        ),
    ],
)
def test_what_cannot_be_prepared_is_the_endpoints_failure_reason(tmp_path, changes, problem):
    with pytest.raises(FleetError, match=problem):
        Prepared(tmp_path).prepare(**changes)


def test_model_data_that_is_no_archive_is_named(tmp_path):
    prepared = Prepared(tmp_path)
    prepared.roles.s3.objects["b", "model.tar.gz"] = b"not a tar"
    with pytest.raises(FleetError, match="Failed to extract model data archive from s3://b/model"):
        prepared.prepare()


def test_an_archive_cannot_write_outside_its_directory(tmp_path):
    prepared = Prepared(tmp_path)
    prepared.roles.s3.objects["b", "model.tar.gz"] = archive(**{"../outside": b"x"})
    with pytest.raises(FleetError, match="outside"):
        prepared.prepare()
    assert not (tmp_path / "outside").exists()
