import pytest

from localcloud.images.dockerfile import DockerfileError
from localcloud.images.store import ImageNotFoundError, ImageStore

DOCKERFILE = """
ARG BASE=python:3.12
FROM ${BASE}
WORKDIR /opt/program
COPY package ./package
COPY *.toml ./
ENV A=1
ENTRYPOINT ["python", "-m", "package"]
"""


@pytest.fixture
def context(tmp_path):
    directory = tmp_path / "context"
    (directory / "package").mkdir(parents=True)
    (directory / "package" / "__main__.py").write_text("print(1)")
    (directory / "a.toml").write_text("x = 1")
    (directory / "Dockerfile").write_text(DOCKERFILE)
    return directory


@pytest.fixture
def store(tmp_path):
    return ImageStore(tmp_path / "state")


def test_an_image_holds_what_its_dockerfile_copies_and_how_it_starts(store, context):
    image = store.register("r", "t", context=context)
    assert (image.root / "opt/program/package/__main__.py").read_text() == "print(1)"
    assert (image.root / "opt/program/a.toml").exists()
    assert (image.entrypoint, image.workdir, image.env) == (
        ("python", "-m", "package"),
        "/opt/program",
        {"A": "1"},
    )


def test_the_same_content_has_the_same_digest_and_other_content_another(store, context):
    first = store.register("r", "1", context=context).digest
    (context / "package" / "__pycache__").mkdir()
    (context / "package" / "__pycache__" / "a.pyc").write_text("cache")
    assert store.register("other", "2", context=context).digest == first
    (context / "a.toml").write_text("x = 2")
    assert store.register("r", "3", context=context).digest != first


def test_a_start_command_is_part_of_the_digest(store, context):
    first = store.register("r", "1", context=context).digest
    (context / "Dockerfile").write_text(DOCKERFILE + 'CMD ["x"]\n')
    assert store.register("r", "2", context=context).digest != first


def test_an_image_is_found_by_tag_and_by_digest_with_or_without_a_registry(store, context):
    digest = store.register("cdk/assets", "t", context=context).digest
    host = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
    for uri in (f"{host}/cdk/assets:t", f"{host}/cdk/assets@{digest}", "cdk/assets:t"):
        assert store.resolve(uri).digest == digest
    assert store.tags("cdk/assets") == {digest: ["t"]}


def test_a_tag_moves_and_the_old_digest_stays(store, context):
    first = store.register("r", "t", context=context).digest
    (context / "a.toml").write_text("x = 2")
    second = store.register("r", "t", context=context).digest
    assert store.resolve("r:t").digest == second
    assert store.resolve(f"r@{first}").digest == first


@pytest.mark.parametrize("uri", ["nothing:t", "r:other", "r@sha256:0"])
def test_an_image_that_nobody_pushed_is_not_found(store, context, uri):
    store.register("r", "t", context=context)
    with pytest.raises(ImageNotFoundError):
        store.resolve(uri)


def test_another_process_sees_the_image_at_once(store, context, tmp_path):
    digest = ImageStore(tmp_path / "state").register("r", "t", context=context).digest
    assert store.resolve("r:t").digest == digest


def test_a_missing_source_is_named(store, context):
    (context / "Dockerfile").write_text("FROM x\nCOPY nothing.py /opt/\n")
    with pytest.raises(DockerfileError, match=r"no 'nothing\.py' in the build context"):
        store.register("r", "t", context=context)


def test_what_run_would_have_made_in_a_stage_is_left_to_the_hosts_environment(store, context):
    (context / "Dockerfile").write_text(
        "FROM x AS build\nRUN python -m venv /venv\nCOPY a.toml /opt/a.toml\n"
        'FROM x\nCOPY --from=build /venv /venv\nCOPY --from=build /opt/a.toml /opt/b.toml\nCMD ["a"]\n'
    )
    image = store.register("r", "t", context=context)
    assert (image.root / "opt/b.toml").exists()
    assert not (image.root / "venv").exists()


def test_copying_from_another_image_is_refused(store, context):
    (context / "Dockerfile").write_text("FROM x\nCOPY --from=ghcr.io/astral-sh/uv /uv /bin/\n")
    with pytest.raises(DockerfileError, match="is not a stage of this Dockerfile"):
        store.register("r", "t", context=context)
