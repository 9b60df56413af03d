"""Every shell block of README, operations and runbook does what the document says, in order, on one cloud.

The blocks run word by word, against a `localcloud up` of this test's own. Some are run elsewhere, listed
with where; the files that a reader brings along are made by this test.
"""

import gzip
import json
import os
import re
import shutil
import time
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest

from localcloud.commands.housing import generate
from localcloud.host.launch import launch
from tests.e2e.documents.blocks import Block, shell_blocks
from tests.e2e.documents.shell import Shell

# A block may hold a whole rehearsal, on a busy machine.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1_200)]
PROJECT = Path(__file__).resolve().parents[3]
DOCUMENTS = ("README.md", "docs/operations.md", "docs/runbook.md")
BLOCKS = [block for document in DOCUMENTS for block in shell_blocks(PROJECT, document)]
ELSEWHERE = {
    "make rehearse                ": "tests/newcomer/test_ordinary_user.py",
    "python -m localcloud up ": "this test's own fixture",
    "make bootstrap": "tests/integration/test_cdk_cli.py",
    "make test ": "tests/unit/operations/installation/test_make.py",
}
"""What a block begins with that is run elsewhere, and where."""
# Set-up is not what is tested here; a pip that changed the environment would be.
PREFACE = """
make() { command make -o .venv/.ready -o .venv/.ready-dev -o requirements.txt -o requirements-dev.txt "$@"; }
pip() { python -c 'import sys; from importlib.metadata import version
for pin in sys.argv[2:]:
    name, _, asked = pin.partition("=="); assert version(name) == asked, (pin, version(name))' "$@"; }
"""
NOT_LINKED = ("build", "cdk.out", ".git", ".hypothesis", "sample", "pipeline.toml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The project as a reader has it, who may write into it, and the files that a reader brings along."""
    made = tmp_path_factory.mktemp("documents") / "greenlight"
    made.mkdir()
    for entry in PROJECT.iterdir():
        if entry.name not in NOT_LINKED:
            (made / entry.name).symlink_to(entry)
    shutil.copy(PROJECT / "pipeline.toml", made)
    (made / "housing.csv").write_bytes(generate())  # of which the README's first upload is a quarter
    own = (made / "path/to/your.csv", made / "june/b.csv.gz", made / "june/more/c.parquet")
    for path in own:
        path.parent.mkdir(parents=True, exist_ok=True)
    own[0].write_bytes(generate(3_000).replace(b"median_house_value", b"column", 1))
    (made / "june/a.csv").write_bytes(generate(1_500, seed=1))
    own[1].write_bytes(gzip.compress(generate(1_500, seed=2)))
    (made / "part.csv").write_bytes(generate(1_500, seed=3))
    pd.read_csv(made / "part.csv").to_parquet(own[2], index=False)
    return made


@pytest.fixture(scope="module")
def cloud(folder):
    with launch(project=folder) as running:
        yield running


@pytest.fixture(scope="module")
def environment(cloud):
    """A terminal of the reader's, after the `export` lines were pasted; nothing else of AWS is in it."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    path = f"{PROJECT / '.venv/bin'}:/usr/local/bin:/usr/bin:/bin"
    return {**kept, **cloud.environment, "PATH": path, "OMP_NUM_THREADS": "1"}


class Reader:
    """Follows the documents, and looks at the cloud after each block."""

    def __init__(self, cloud) -> None:
        self.cloud = cloud
        self.states, self.sagemaker = cloud.client("stepfunctions"), cloud.client("sagemaker")
        self.packages: list[str] = []

    def executions(self):
        machine = self.cloud.outputs["StateMachineArn"]
        return self.states.list_executions(stateMachineArn=machine)["executions"]

    def newest(self, after: int):
        """The newest execution, when there are more than `after` and all are over."""
        while True:
            listed = self.executions()
            if len(listed) > after and not any(each["status"] == "RUNNING" for each in listed):
                return self.states.describe_execution(executionArn=listed[0]["executionArn"])
            time.sleep(0.5)

    def config(self):
        return self.sagemaker.describe_endpoint(EndpointName=self.cloud.outputs["EndpointName"])[
            "EndpointConfigName"
        ]

    def approve_again(self) -> None:
        """What a contract's change took away, so that there is something to roll back to."""
        for arn in self.packages:
            self.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")

    def remember_approved(self) -> None:
        group = self.cloud.outputs["ModelPackageGroupName"]
        listed = self.sagemaker.list_model_packages(
            ModelPackageGroupName=group, ModelApprovalStatus="Approved", SortBy="CreationTime"
        )["ModelPackageSummaryList"]
        self.packages = [each["ModelPackageArn"] for each in listed]


@pytest.fixture(scope="module")
def reader(cloud):
    return Reader(cloud)


@pytest.fixture(scope="module")
def shell(folder, environment):
    with Shell(folder, environment, PREFACE) as opened:
        yield opened


def is_run_elsewhere(block: Block) -> bool:
    return any(beginning in block.text.split("#")[0] for beginning in ELSEWHERE)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_the_block_does_what_the_document_says(block, shell, reader, folder):
    if is_run_elsewhere(block):
        return
    if block.heading == "Rolling back by hand":
        reader.approve_again()
    champion = reader.config() if block.heading.startswith("Break it") else ""
    before = len(reader.executions())
    if block.heading == "A new contract":
        reader.newest(before - 1)
        reader.remember_approved()
    said = shell.run(block)
    if block.heading == "Two commands" and "s3 cp" in block.text:
        assert reader.newest(before)["status"] == "SUCCEEDED", said
        assert len(re.findall(r"^\d+(\.\d+)?$", said, re.MULTILINE)) >= 3, said
    if champion:
        execution = reader.newest(before)
        assert execution.get("error") == "DeploymentRolledBackError", said
        assert re.search(r"FAILED with DeploymentRolledBackError: .*error-rate", said, re.DOTALL)
        assert re.search(r"[1-9]\d* failed", said)
        assert reader.config() == champion
    if block.heading == "Retrain" or block.heading.startswith("Upload a dataset"):
        execution = reader.newest(before)
        assert execution["status"] == "SUCCEEDED", execution
    if block.heading == "Retrain":
        assert json.loads(execution["output"])["promotion"]["proof"] == "proven", execution
    if block.heading == "Rolling back by hand":
        assert "Promoted" in said, said
    if block.heading == "Your own data":
        # Who reads the operations has one pipeline, and it is the one that was deployed.
        shutil.copy(PROJECT / "pipeline.toml", folder)


def test_every_place_that_runs_a_block_elsewhere_exists():
    for beginning, place in ELSEWHERE.items():
        assert any(beginning in block.text for block in BLOCKS), beginning
        assert place.startswith("this test") or (PROJECT / place).exists(), place


def test_what_the_documents_install_is_what_is_locked():
    for pin in re.findall(r"\b([\w-]+)==([\d.]+)", "".join(block.text for block in BLOCKS)):
        assert version(pin[0]) == pin[1]
