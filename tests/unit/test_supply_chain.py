"""What is built on is named exactly, comes with its hash, and says nothing of where it was fetched."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
SOURCES = ("", "docs", "inference", "lambdas", "tests/clients", "training_jobs", "training_jobs/custom")
FOUND = [path for folder in SOURCES for path in (ROOT / folder).glob("requirements*")]
LOCKS, ASKED = (
    sorted(p.relative_to(ROOT).as_posix() for p in FOUND if p.suffix == suffix) for suffix in (".txt", ".in")
)
# A user copies its lines into requirements.in, which is locked; make test-torch alone installs it as it is.
COPIED = "training_jobs/custom/requirements-torch.in"
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[\w,-]+\])?==(?P<version>[^ ;]+)( ;.*)?$")


def entries(lock: str) -> list[str]:
    """One line per dependency: the pin and, behind it, its hashes."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def names(asked: list[str]) -> set[str]:
    return {re.split(r"[=<>\[]", line)[0].lower() for line in asked}


def names_in(lock: str) -> set[str]:
    found = [PINNED.match(re.split(r"\s+--hash", line)[0].strip()) for line in entries(lock)]
    return {match["name"].lower() for match in found if match}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_pinned_and_has_its_hashes(lock):
    assert entries(lock)
    for line in entries(lock):
        pin, *hashes = re.split(r"\s+--hash=", line.strip())
        assert PINNED.match(pin.strip()), pin
        assert hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", h.strip()) for h in hashes), pin


@pytest.mark.parametrize("lock", [*LOCKS, "package-lock.json"])
def test_no_lock_names_the_host_that_it_was_made_with(lock):
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"index-url|find-links|trusted-host|\"resolved\"", text)


def test_every_lock_can_be_made_again_is_audited_and_is_in_the_bill_of_materials():
    definition = re.search(r"^LOCKS := ((?:.*\\\n)*.*)$", MAKEFILE, re.MULTILINE)
    assert definition
    assert sorted(definition[1].replace("\\\n", " ").split()) == LOCKS
    recipe = MAKEFILE.partition("\nlock: ")[2].partition("\n\n")[0]
    made = re.sub(r"\$\$image", "inference training_jobs", recipe)
    for lock in LOCKS:
        folder, _, name = lock.rpartition("/")
        assert name in made, lock
        assert folder in made, lock


@pytest.mark.parametrize("source", [source for source in ASKED if source != COPIED])
def test_what_is_asked_for_is_locked(source):
    text = (ROOT / source).read_text()
    asked = {re.split(r"[=<>\[]", line)[0].lower() for line in text.splitlines() if line and line[0] != "#"}
    assert asked <= names_in(source.removesuffix(".in") + ".txt")


def test_what_the_project_asks_for_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    assert names([*project["project"]["dependencies"], *groups["local"]]) <= names_in("requirements.txt")
    assert names(groups["dev"]) <= names_in("requirements-dev.txt")
    assert not names_in("requirements.txt") & {"pytest", "ruff", "mypy", "moto"}


def test_what_testing_needs_holds_what_running_needs_in_the_same_versions():
    running, testing = (
        {re.split(r" ;|\s+--hash", line)[0].strip() for line in entries(lock)}
        for lock in ("requirements.txt", "requirements-dev.txt")
    )
    assert running < testing


def test_the_cdk_cli_is_pinned_with_its_integrity():
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    for name, entry in packages.items():
        assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", entry["integrity"]), name
    asked = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    for name, version in asked.items():
        assert packages[f"node_modules/{name}"]["version"] == version


@pytest.mark.parametrize("image", ["inference", "lambdas", "training_jobs"])
def test_an_image_installs_nothing_without_its_hash(image):
    text = (ROOT / image / "Dockerfile").read_text()
    installs = re.findall(r"pip install .*", text)
    assert installs
    assert all("--require-hashes" in line and "--only-binary :all:" in line for line in installs)


def test_the_bill_of_materials_lists_what_a_lock_holds(tmp_path):
    out = tmp_path / "sbom.json"
    lock = "lambdas/requirements-zip.txt"
    tool = Path(sys.executable).with_name("cyclonedx-py")
    command = [tool, "requirements", "--output-reproducible", "-o", out, ROOT / lock]
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    bill = json.loads(out.read_text())
    assert bill["bomFormat"] == "CycloneDX"
    assert {component["name"].lower() for component in bill["components"]} == names_in(lock)
    for component in bill["components"]:
        assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}"
        hashes = [h for reference in component["externalReferences"] for h in reference["hashes"]]
        assert hashes
        assert {h["alg"] for h in hashes} == {"SHA-256"}
