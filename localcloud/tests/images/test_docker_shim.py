"""The shim that stands in for docker before the CDK CLI."""

import tempfile

import pytest

from localcloud.images import docker_shim


@pytest.fixture(autouse=True)
def _own_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def test_inspect_says_that_nothing_was_built():
    assert docker_shim.main(["inspect", "cdkasset-1"]) == 1


def test_a_build_is_remembered_under_its_tags(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    built = [
        "build",
        "--build-arg",
        "A=1=2",
        "--tag",
        "cdkasset-1",
        "--file",
        "x/Dockerfile",
        "--platform",
        "l",
        ".",
    ]
    assert docker_shim.main(built) == 0
    assert docker_shim.main(["tag", "cdkasset-1", "host/repository:tag"]) == 0
    found = docker_shim._Remembered().get("host/repository:tag")
    assert found == {
        "context": str(tmp_path),
        "dockerfile": "x/Dockerfile",
        "buildArgs": {"A": "1=2"},
        "target": None,
    }


def test_a_push_of_what_was_not_built_fails(capsys):
    assert docker_shim.main(["push", "host/repository:tag"]) == 1
    assert "was not built here" in capsys.readouterr().err


def test_a_push_without_a_cloud_says_what_to_do(capsys):
    docker_shim.main(["build", "--tag", "host/repository:tag", "."])
    assert docker_shim.main(["push", "host/repository:tag"]) == 1
    assert "AWS_ENDPOINT_URL" in capsys.readouterr().err


def test_a_login_needs_nothing():
    assert docker_shim.main(["login", "--username", "AWS", "--password-stdin", "host"]) == 0
