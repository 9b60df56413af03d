import sys

import pytest

from localcloud.images import building, dockerfile
from localcloud.images.store import ImageStore

MAKING = """
import pathlib, sys
target = pathlib.Path(sys.argv[1])
target.mkdir(parents=True, exist_ok=True)
(target / "made").write_text(pathlib.Path(__file__).with_name("given").read_text() * 2)
"""
STAGES = """
FROM python:3.12-slim AS made
RUN apt-get install gcc
WORKDIR /opt/work
COPY make.py given /opt/work/
RUN {run}
FROM python:3.12-slim
COPY --from=made /opt/out/ /opt/program/
ENTRYPOINT ["python"]
"""


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Images whose context makes a file in a stage, kept in a cache of this test."""
    (tmp_path / "cached").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "cached"))
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "make.py").write_text(MAKING)
    (tmp_path / "context" / "given").write_text("ab")

    def register(run="python /opt/work/make.py /opt/out"):
        (tmp_path / "context" / "Dockerfile").write_text(STAGES.format(run=run))
        return ImageStore(tmp_path / "state").register("r", "t", context=tmp_path / "context")

    register.context = tmp_path / "context"  # type: ignore[attr-defined]
    return register


def test_what_a_stages_python_makes_is_copied_into_the_image(store):
    image = store()
    assert (image.root / "opt/program/made").read_text() == "abab"
    assert not image.has_compiler


def test_it_is_made_once_for_the_same_files_and_anew_for_others(store, monkeypatch):
    first = store()
    runs: list[list[str]] = []

    def run(stage, words, root):
        runs.append(words)
        return []

    monkeypatch.setattr(building, "_run", run)
    assert store().digest == first.digest
    assert runs == []
    (store.context / "given").write_text("cd")
    store()
    assert runs == [["/opt/work/make.py", "/opt/out"]]


def test_a_command_that_fails_leaves_its_files_out_and_says_so(store, caplog):
    image = store("python -c 'raise SystemExit(\"no compiler\")'")
    assert not (image.root / "opt/program/made").exists()
    assert "no compiler" in caplog.text


def test_what_is_not_python_is_not_run(store):
    image = store("touch /opt/out && python -m compileall /opt && python -m pip list")
    assert not (image.root / "opt/program").exists()


@pytest.mark.parametrize(
    ("base", "run", "expected"),
    [
        ("python:3.12-slim", "echo", False),
        ("python:3.12", "echo", True),
        ("public.ecr.aws/docker/library/python:3.12-slim-bookworm@sha256:00", "echo", False),
        ("public.ecr.aws/lambda/python:3.12", "echo", False),
        ("python:3.12-slim", "apt-get update && apt-get install -y gcc libc6-dev", True),
        ("python:3.12-slim", "apt-get install -y libgomp1", False),
    ],
)
def test_an_image_has_a_compiler_when_it_is_a_full_one_or_installs_one(base, run, expected):
    (stage,) = dockerfile.parse(f"FROM {base}\nRUN {run}\n")
    assert building.has_compiler(stage) == expected


@pytest.mark.parametrize(
    ("base", "runs", "expected"),
    [
        ("python:3.12", [], ()),
        ("python:3.12", ["pip install 'a[x]>=1' b==2 && echo c"], ("a[x]", "b")),
        ("python:3.12", ["python -m pip install --no-deps -t /opt/site -r list.txt"], ("c-d", "e")),
        ("public.ecr.aws/lambda/python:3.12", ["uv pip install a"], ("a", "awslambdaric", "boto3")),
        ("python:3.12", ["pip install -r missing.txt"], None),
        ("python:3.12", ["pip install https://example.org/a.whl"], None),
        ("public.ecr.aws/some/pytorch:2", ["pip install a"], None),
    ],
)
def test_packages_are_told_by_the_base_and_by_pip(tmp_path, base, runs, expected):
    (tmp_path / "list.txt").write_text("# lock\nc-d==1 \\\n    --hash=sha256:00\n-r more.txt\n")
    (tmp_path / "more.txt").write_text("e\n")
    (stage,) = dockerfile.parse(f"FROM {base}\n" + "".join(f"RUN {run}\n" for run in runs))
    assert building.packages(stage, tmp_path) == expected
