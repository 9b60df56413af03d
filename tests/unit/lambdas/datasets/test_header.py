"""What is said of a header that names other columns than the contract's."""

from __future__ import annotations

import tomllib

import pytest

from lambdas.datasets.upload.header import faults_of_names
from tests.unit.lambdas.ingest_data.uploads import COLUMNS, config

CONTRACT = config().dataset
NAMES = [column["name"] for column in COLUMNS]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_named_with_the_line_that_declares_it(delimiter):
    (fault,) = faults_of_names([delimiter.join(NAMES)], CONTRACT)
    assert (fault.rule, fault.line) == ("delimiter", 1)
    line = fault.detail.partition("or write ")[2].partition(" into [dataset.reading]")[0]
    assert tomllib.loads(line) == {"delimiter": delimiter}


def test_the_contracts_own_header_has_no_fault():
    assert faults_of_names(NAMES, CONTRACT) == []


def test_a_column_twice_one_missing_and_one_too_many_are_all_told_at_once():
    names = [*NAMES[1:], NAMES[1], NAMES[0].upper() + "_"]
    found = {fault.rule: fault for fault in faults_of_names(names, CONTRACT)}
    assert set(found) == {"duplicate column", "missing column", "extra column"}
    assert "2 times" in found["duplicate column"].detail
    assert found["missing column"].column == NAMES[0]
    assert "only spelt differently" in found["missing column"].detail
    assert found["extra column"].column == names[-1]


def test_a_first_row_of_data_is_no_header():
    (fault,) = faults_of_names(["1", "2", "3"], CONTRACT)
    assert fault.rule == "header"
    assert "none of the contract's columns" in fault.detail
