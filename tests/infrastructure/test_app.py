from __future__ import annotations

import ast
import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import aws_cdk
import pytest

from infra_cdk.functions.environment import SettingsSource, UnknownSettingError
from tests.infrastructure.conftest import ROOT


def run_app(project: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=project,
        env={**os.environ, "CDK_OUTDIR": str(project / "cdk.out"), "CDK_VALIDATION": "false", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The app with a pipeline.toml of its own; the rest is the real thing."""
    for name in (
        "contracts",
        "infra_cdk",
        "lambdas",
        "inference",
        "scoring",
        "training_jobs",
        "step_functions",
    ):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("app.py", "pipeline.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_an_invalid_pipeline_toml_fails_with_file_key_and_reason_and_no_traceback(project):
    path = project / "pipeline.toml"
    path.write_text(path.read_text().replace("canary_percent = 25", "canary_percent = 75"))
    answer = run_app(project)
    assert answer.returncode == 1
    assert "pipeline.toml: deployment.prod.canary_percent" in answer.stderr
    assert "75" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (project / "cdk.out").exists()


def test_an_unknown_stage_fails_with_those_there_are(project):
    answer = run_app(project, STAGE="staging")
    assert answer.returncode == 1
    assert answer.stderr.strip() == "stage 'staging' is none of dev, prod: use -c stage=NAME or STAGE=NAME"


def test_the_app_needs_no_account_and_asks_nothing_of_one(stages, out):
    manifest = json.loads((out / "manifest.json").read_text())
    assert "missing" not in manifest
    found = {
        a["environment"] for a in manifest["artifacts"].values() if a["type"] == "aws:cloudformation:stack"
    }
    assert found == {"aws://unknown-account/unknown-region"}


def test_a_setting_that_the_stack_does_not_know_names_itself():
    with pytest.raises(UnknownSettingError, match=r"ReleaseLeaseSettings asks for lease_table_name"):
        SettingsSource({"endpoint_name": "housing-dev"}).settings_of("ReleaseLease")


def test_no_construct_is_named_like_a_class_of_cdk() -> None:
    """Whoever reads `Stage` in a file that imports CDK must not have to look which one it is."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "infra_cdk").rglob("*.py")]
    own = {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    modules = {
        alias.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "aws_cdk"
        for alias in node.names
    }
    theirs = {name for module in modules for name in dir(importlib.import_module(f"aws_cdk.{module}"))}
    assert "Key" in theirs
    assert not own & (theirs | set(dir(aws_cdk)))


def test_a_function_is_traced(template) -> None:
    for function in template.properties("AWS::Lambda::Function"):
        assert function["TracingConfig"] == {"Mode": "Active"}
