"""The workflows use no key, no moving tag, and nothing that does not run on a laptop as well."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def test_there_are_workflows():
    assert [path.stem for path in WORKFLOWS] == ["deploy", "nightly", "pull-request"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_its_commit(path: Path):
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", name)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_command_is_a_make_target_that_exists(path: Path):
    commands = [step["run"].split() for step in steps(path) if "run" in step]
    assert commands
    assert {words[0] for words in commands} == {"make"}
    assert {words[1] for words in commands} <= TARGETS


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_job_may_do_only_what_it_names(path: Path):
    assert read(path)["permissions"] == {}
    for name, job in read(path)["jobs"].items():
        wanted = {"contents": "read"} | ({"id-token": "write"} if path.stem == "deploy" else {})
        assert job["permissions"] == wanted, name
        assert job["timeout-minutes"] <= 350


def test_no_secret_is_used_and_prod_waits_for_dev_and_for_a_person():
    assert all("secrets." not in path.read_text() for path in WORKFLOWS)
    jobs = read(ROOT / ".github/workflows/deploy.yml")["jobs"]
    assert (jobs["prod"]["needs"], jobs["prod"]["environment"]) == ("dev", "prod")


def test_the_branch_waits_for_every_job_of_a_pull_request():
    rules = {rule["type"]: rule for rule in json.loads((ROOT / ".github/ruleset.json").read_text())["rules"]}
    wanted = rules["required_status_checks"]["parameters"]["required_status_checks"]
    assert [check["context"] for check in wanted] == list(
        read(ROOT / ".github/workflows/pull-request.yml")["jobs"]
    )


def test_the_roles_that_the_workflow_takes_are_those_that_the_delivery_app_makes():
    jobs = read(ROOT / ".github/workflows/deploy.yml")["jobs"]
    assert [job["environment"] for job in jobs.values()] == ["dev", "prod"]
