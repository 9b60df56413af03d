"""The suite's runner tells a pass from a failure, and leaves out what the dialect has not."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.programs.jsonata_suite import main, outcome

SUITE = Path("nowhere")


@pytest.mark.parametrize(
    "case",
    [
        {"expr": "a.b", "data": {"a": {"b": [1, 2.0]}}, "result": [1, 2]},
        {"expr": "$x + 1", "data": None, "bindings": {"x": 1}, "result": 2},
        {"expr": "nothing", "data": {}, "undefinedResult": True},
        {"expr": "1 +", "data": {}, "code": "S0207"},
        {"expr": "$hash('a', 'MD5')", "data": {}, "result": "0cc175b9c0f1b6a831c399e269772661"},
        {"expr": "$eval('1')", "data": {}, "code": "T1006"},
        {"expr": "$toMillis('2017-10-30')", "data": {}, "result": 1509321600000},
        {"expr": "$toMillis('2018')", "data": {}, "result": 1514764800000},
    ],
)
def test_a_case_that_is_as_the_suite_says_passes(case: dict[str, Any]):
    assert outcome(case, SUITE) == "passed"


@pytest.mark.parametrize(
    ("case", "found"),
    [
        ({"expr": "1", "data": {}, "result": 2}, "another result"),
        ({"expr": "true", "data": {}, "result": 1}, "another result"),
        ({"expr": "1", "data": {}, "code": "T2001"}, "succeeds"),
        ({"expr": "1 +", "data": {}, "result": 1}, "fails: "),
        ({"expr": "$toMillis('2017-10-30 10:00')", "data": {}, "result": 1}, "fails: D3110"),
    ],
)
def test_one_that_is_not_says_how(case: dict[str, Any], found: str):
    assert outcome(case, SUITE).startswith(found)


def test_the_runner_counts_and_leaves_out_what_the_dialect_has_not(tmp_path: Path, capsys):
    for group, case in {
        "good": {"expr": "1", "data": {}, "result": 1},
        "bad": [{"expr-file": "long.jsonata", "dataset": "one", "result": 2}],
        "coalescing-operator": {"expr": "a ?? 1", "data": {}, "result": 2},
    }.items():
        folder = tmp_path / "groups" / group
        folder.mkdir(parents=True)
        (folder / "case.json").write_text(json.dumps(case))
    (tmp_path / "groups" / "bad" / "long.jsonata").write_text("n")
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "one.json").write_text('{"n": 3}')
    assert main([str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "bad/case[0]: another result: 'n'" in said
    assert said.endswith("1 of 2 passed\n")


def test_a_folder_that_is_no_suite_is_told(tmp_path: Path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "has no folder `groups`" in capsys.readouterr().err
