"""A column of one spelling alone is drafted to a type whose grammar takes it, whatever it was meant for."""

import csv
import io

from contracts.values import MAX_LENGTH, ValueRefusedError
from operations.draft.drafting import drafted
from operations.draft.table import table_of
from tests.unit.contracts.value_spellings import SPELLINGS
from tests.unit.operations.draft.tables import HEADER, planned, rows, saved

# What no type takes is left out: a zero byte, and texts longer than any.
TEXTS = [
    text
    for text in dict.fromkeys(text for _, text, _ in SPELLINGS)
    if "\0" not in text and len(text) <= MAX_LENGTH["category"]
]
NAMES = [f"c{number:03}" for number in range(len(TEXTS))]


def table(count: int = 120) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*NAMES, *HEADER])
    writer.writerows([*TEXTS, *row] for row in rows(count))
    return out.getvalue()


def test_the_drafted_grammar_takes_every_spelling(tmp_path):
    _, config = planned(saved(tmp_path / "shop.csv", table()))
    refused = {}
    for name, text in zip(NAMES, TEXTS, strict=True):
        column = config.dataset.column(name)
        try:
            column.grammar.read(text)
        except ValueRefusedError:
            refused[text] = column.type
    assert refused == {}


def test_ingestion_takes_them_by_that_draft(tmp_path):
    with table_of(saved(tmp_path / "shop.csv", table())) as found:
        _, _, trial = drafted(found, "spend")
    assert (trial.rows, trial.set_aside, trial.faults) == (120, 0, ())
