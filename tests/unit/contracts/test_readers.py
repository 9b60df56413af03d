"""Every setting, key of a document and key of pipeline.toml has a reader.

A name counts as read where code takes it as an attribute or a state machine's expression spells it. So a key
that shares its name with another's is not found here; a key that nobody reads at all is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
CONTRACTS = ROOT / "contracts"
READERS = ("lambdas", "operations", "training_jobs", "inference", "scoring")
# An execution's output, which people read in its history, on the command line (`greenlight runs`) and in the
# console, holds these beside what other states read.
READ_BY_PEOPLE = {
    "FinishedBatch.output_uri": "where the answers lie",
    "Promotion.previous_champion_arn": "whom the new champion took over from",
    "Rejection.kept": "why a rejected challenger still serves",
    "RetrainingStart.upload_uri": "what the retraining was started with",
    "RetrainingStart.base_rows": "how many rows of it are the champion's own",
}


def fields_of(path: Path) -> Iterator[tuple[str, str]]:
    """Class and annotated field, for every class of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.AnnAssign) and "ClassVar" not in ast.unparse(line.annotation):
                    yield node.name, ast.unparse(line.target)


@cache
def attributes(*folders: str) -> frozenset[str]:
    """Every name that the folders' code takes as an attribute."""
    found = set()
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                    found.add(node.attr)
    return frozenset(found)


@cache
def spelled_by_state_machines() -> frozenset[str]:
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "step_functions").glob("*.yaml"))
    return frozenset(word for text in texts for word in re.findall(r"\w+", text))


def test_every_setting_of_a_function_is_read_by_code_that_runs_in_one():
    read = attributes("lambdas")
    fields = list(fields_of(CONTRACTS / "settings.py"))
    assert len(fields) > 50
    assert [f"{owner}.{field}" for owner, field in fields if field not in read] == []


def test_every_key_of_a_document_is_read_by_code_by_a_state_machine_or_by_people():
    read = attributes(*READERS) | spelled_by_state_machines()
    fields = [pair for path in (CONTRACTS / "documents").glob("*.py") for pair in fields_of(path)]
    assert len(fields) > 100
    unread = {f"{owner}.{field}" for owner, field in fields if field not in read}
    assert unread == set(READ_BY_PEOPLE)


def test_every_key_of_pipeline_toml_is_read():
    read = attributes(*READERS, "infra_cdk", "contracts")
    fields = [pair for path in CONTRACTS.glob("*.py") for pair in fields_of(path)]
    assert len(fields) > 100
    assert [f"{owner}.{field}" for owner, field in fields if field not in read] == []
