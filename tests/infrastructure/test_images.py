from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import aws_cdk as cdk
import pytest

from contracts.names import folder_of
from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError
from infra_cdk.functions.bundle import LOCK, source_hash, sources
from infra_cdk.models.images import DOCKERFILES, Images, copied_by
from infra_cdk.models.own_estimators import check_own_estimator
from infra_cdk.stack import PipelineStack
from infra_cdk.stages import STAGES
from tests.infrastructure.conftest import ROOT

OWN = ("contracts", "inference", "lambdas", "scoring")
STARTER = ("StartExecution",)
SOURCES = ("contracts", "inference", "lambdas", "scoring", "training_jobs", "pipeline.toml")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the images are made of."""
    root = tmp_path / "project"
    root.mkdir()
    for name in SOURCES:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, root / name)
    return root


def hashes(root: Path, out: Path) -> dict[str, str]:
    cdk.AssetStaging.clear_asset_hash_cache()
    images = Images(cdk.Stack(cdk.App(outdir=str(out)), "Stack"), "Images", root=root, estimator="auto")
    return {name: getattr(images, name).asset_hash for name in DOCKERFILES}


@pytest.mark.parametrize("name", DOCKERFILES)
def test_an_image_starts_from_a_digest_and_not_from_a_tag_that_moves(name):
    text = (ROOT / DOCKERFILES[name]).read_text(encoding="utf-8")
    assert re.search(r"^ARG BASE_IMAGE=\S+@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${BASE_IMAGE}", "plain"}


def test_the_images_share_one_base():
    bases = {
        line
        for path in DOCKERFILES.values()
        for line in (ROOT / path).read_text(encoding="utf-8").splitlines()
        if line.startswith("ARG BASE_IMAGE=")
    }
    assert len(bases) == 1


@pytest.mark.parametrize("name", DOCKERFILES)
def test_an_image_copies_only_what_there_is(name):
    assert all((ROOT / source).exists() for source in copied_by(ROOT / DOCKERFILES[name]))


@pytest.mark.parametrize(
    "lock", sorted(ROOT.glob("*/requirements*.txt")), ids=lambda p: f"{p.parent.name}/{p.name}"
)
def test_every_dependency_is_locked_with_its_hash(lock):
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            assert re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line


def test_a_file_outside_of_what_it_copies_leaves_an_image_as_it_was(project, tmp_path):
    before = hashes(project, tmp_path / "out")
    (project / "README.md").write_text("changed")
    (project / "lambdas/__pycache__").mkdir(exist_ok=True)
    (project / "lambdas/__pycache__/aws.pyc").write_bytes(b"changed")
    assert hashes(project, tmp_path / "out") == before


def test_a_changed_source_makes_a_new_image_of_those_that_copy_it(project, tmp_path):
    before = hashes(project, tmp_path / "out")
    (project / "training_jobs/new.py").write_text("")
    after = hashes(project, tmp_path / "out")
    assert {name for name in before if before[name] != after[name]} == {"training"}


def test_a_changed_module_makes_a_new_zip_of_those_that_import_it_and_a_cache_does_not(project):
    before = source_hash(project, STARTER)
    (project / "lambdas/__pycache__").mkdir(exist_ok=True)
    (project / "lambdas/__pycache__/aws.cpython-312.pyc").write_bytes(b"changed")
    assert source_hash(project, STARTER) == before
    (project / "lambdas/telemetry.py").write_text("changed = True\n")
    assert source_hash(project, STARTER) != before


@pytest.mark.parametrize(
    "changed", ["lambdas/evaluate_model/report/charts.py", "lambdas/deploy_model/plan.py", "lambdas/new.py"]
)
def test_what_a_function_does_not_import_leaves_its_zip_as_it_was(project, changed):
    before = source_hash(project, STARTER)
    path = project / changed
    path.write_text((path.read_text() if path.exists() else "") + "# a comma,\n")
    assert source_hash(project, STARTER) == before


def zips(dev, out) -> dict[str, tuple[Path, set[str]]]:
    """The zip of each function that runs from one: its folder, and the files of the repository in it."""
    keys = {
        f["FunctionName"].removeprefix(f"{dev.names.prefix}-"): f["Code"]["S3Key"]
        for f in dev.properties("AWS::Lambda::Function")
        if "S3Key" in f["Code"]
    }
    found = {}
    for state, key in keys.items():
        folder = out / f"asset.{key.removesuffix('.zip')}"
        files = {p.relative_to(folder).as_posix() for name in OWN for p in (folder / name).rglob("*.*")}
        found[state] = (folder, files)
    return found


def test_a_zip_holds_what_its_functions_import_and_nothing_else(dev, out):
    found = zips(dev, out)
    for folder in {folder for folder, _ in found.values()}:
        group = [state for state, (place, _) in found.items() if place == folder]
        held = found[group[0]][1]
        assert held == {path.as_posix() for path in sources(ROOT, group)}, group
        assert {f"lambdas/{folder_of(state)}/handler.py" for state in group} <= held
        others = {folder_of(state) for state in found if state not in group}
        assert not {path.split("/")[1] for path in held} & (others | {"evaluate_model", "datasets"})


def test_a_zip_can_be_imported_out_of_nothing_but_itself(dev, out):
    for state, (folder, _) in zips(dev, out).items():
        command = [sys.executable, "-c", f"import lambdas.{folder_of(state)}.handler"]
        environment = {
            "PYTHONPATH": str(folder),
            "AWS_DEFAULT_REGION": "us-east-1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (state, done.stderr)


def test_a_zip_holds_its_dependencies_at_the_versions_that_they_were_locked_at(dev, out):
    locked = dict(re.findall(r"^(boto\w+)==(\S+)", (ROOT / LOCK).read_text(), re.MULTILINE))
    assert set(locked) == {"boto3", "botocore"}
    for folder, _ in zips(dev, out).values():
        assert (folder / "aws_lambda_powertools").is_dir()
        assert all((folder / f"{name}-{version}.dist-info").is_dir() for name, version in locked.items())
        assert sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) < 60e6


def test_a_zip_runs_on_arm_and_an_image_where_it_was_built_for(template):
    for function in template.properties("AWS::Lambda::Function"):
        built_for = "arm64" if "S3Key" in function["Code"] else "x86_64"
        assert function["Architectures"] == [built_for]


def built_by(config: PipelineConfig, out: Path) -> dict[str, str | None]:
    """The Dockerfile target of each image of a stack."""
    app = cdk.App(outdir=str(out), builtin_cloud_formation_validation=False)
    stack = PipelineStack(app, root=ROOT, config=config, stage=STAGES["dev"])
    app.synth()
    files = json.loads((out / f"{stack.artifact_id}.assets.json").read_text())["dockerImages"]
    return {
        image["source"]["dockerFile"]: image["source"].get("dockerBuildTarget") for image in files.values()
    }


def test_what_runs_graphs_is_built_only_for_an_estimator_of_ones_own(config, tmp_path):
    own = replace(config.training, estimator="custom:catboost_model.Regressor")
    assert set(built_by(config, tmp_path / "named").values()) == {None}
    with_own = built_by(replace(config, training=own), tmp_path / "own")
    assert with_own == dict.fromkeys(DOCKERFILES.values(), "custom")


@pytest.mark.parametrize("name", DOCKERFILES)
def test_only_that_target_holds_it(name):
    plain, _, rest = (ROOT / DOCKERFILES[name]).read_text(encoding="utf-8").partition("FROM plain AS custom")
    assert "requirements-onnx" not in plain
    assert "requirements-onnx" in rest.partition("FROM plain")[0]
    assert rest.rstrip().endswith("FROM plain")


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        ("custom:lanes.Lane", "there is no training_jobs/custom/lanes.py; there are catboost_model"),
        ("custom:catboost_model.Regresor", "has no class Regresor; it has .*Regressor"),
    ],
)
def test_an_estimator_of_ones_own_that_is_not_there_is_named_at_synthesis(config, estimator, message):
    with pytest.raises(PipelineConfigError, match=rf"pipeline.toml: training.estimator: .*{message}"):
        check_own_estimator(ROOT, replace(config, training=replace(config.training, estimator=estimator)))
