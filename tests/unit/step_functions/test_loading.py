"""A state machine's YAML becomes the JSON that Step Functions takes, and says what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from step_functions import loading
from step_functions.loading import DefinitionError, load
from tests.unit.step_functions.definition import VALUES

FILES = sorted(loading.HERE.glob("*.asl.yaml"))
SCREEN_COLUMNS = 110
SHARED = """
x-retriers:
  - &busy {ErrorEquals: [BusyError], MaxAttempts: 3}
States:
  A: {Retry: [*busy]}
  B: {Retry: [{<<: *busy, MaxAttempts: 9}]}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "machine.asl.yaml"
    path.write_text(text)
    return path


def test_what_states_share_is_written_once_and_may_differ_in_a_key(tmp_path: Path) -> None:
    states = load(written(tmp_path, SHARED))["States"]
    assert states["A"]["Retry"] == [{"ErrorEquals": ["BusyError"], "MaxAttempts": 3}]
    assert states["B"]["Retry"] == [{"ErrorEquals": ["BusyError"], "MaxAttempts": 9}]


def test_what_is_only_shared_is_no_part_of_the_definition(tmp_path: Path) -> None:
    assert set(load(written(tmp_path, SHARED))) == {"States"}


def test_a_value_is_filled_in_as_what_it_is_and_none_leaves_its_key_out(tmp_path: Path) -> None:
    path = written(tmp_path, "{A: '${One}', B: [{C: '${Two}', D: '${None}'}], E: 'x-${One}', F: '${Arn}'}")
    values = {"One": 1, "Two": {"G": ["${Arn}"]}, "None": None}
    assert load(path, values) == {"A": 1, "B": [{"C": {"G": ["${Arn}"]}}], "E": "x-${One}", "F": "${Arn}"}


def test_yes_and_no_are_words(tmp_path: Path) -> None:
    assert load(written(tmp_path, "Comment: yes")) == {"Comment": "yes"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{A: 1, A: 2}", "duplicate key"),
        ("A: *nothing", "undefined alias"),
        ("- a list", "no object"),
        ("", "no object"),
    ],
)
def test_a_file_that_is_no_definition_is_refused_by_its_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DefinitionError, match=f"machine.asl.yaml.*(?s:.*){said}"):
        load(written(tmp_path, text))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_line_fits_a_screen(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert not [number for number, line in enumerate(lines, 1) if len(line) > SCREEN_COLUMNS]


def rules(value: Any) -> Iterator[dict[str, Any]]:
    """Every retrier and catcher, however deep."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("Retry", "Catch"):
                yield from item
            else:
                yield from rules(item)
    elif isinstance(value, list):
        for item in value:
            yield from rules(item)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_retrier_that_two_states_have_is_written_once(path: Path) -> None:
    """An alias of YAML is read as the very object that its anchor is."""
    document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    seen: dict[str, int] = {}
    for rule in rules(document):
        if "MaxAttempts" in rule:
            assert seen.setdefault(repr(rule), id(rule)) == id(rule), rule


def test_nothing_but_texts_is_left_for_cloudformation_to_fill_in() -> None:
    definition = load(values=VALUES)
    assert isinstance(definition["TimeoutSeconds"], int)
    assert isinstance(definition["States"]["TrainModel"]["TimeoutSeconds"], int)
