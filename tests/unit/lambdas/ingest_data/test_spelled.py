import datetime
import math
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.dataset import Column
from contracts.values import TYPES, Grammar, ValueRefusedError, as_number
from lambdas.datasets.checks import spelled
from tests.unit.contracts.value_spellings import REFUSED, SPELLINGS

CONNECTION = duckdb.connect()


def column_of(kind, **grammar):
    return Column(
        name="x",
        type=kind,
        nullable=True,
        minimum=None,
        maximum=None,
        categories=(),
        unique=False,
        grammar=Grammar.from_document(kind, grammar),
    )


def sql_value(column: Column, text: str, odd: spelled.Odd = spelled.ANY_BYTES) -> tuple[Any, bool]:
    """(value, whether it is missing) by SQL; the rules look at an integer further."""
    expressions = [asked(column, odd=odd) for asked in (spelled.value, spelled.missing)]
    query = f"SELECT {', '.join(expressions)} FROM (SELECT $text AS x)"
    ((value, missing),) = CONNECTION.execute(query, {"text": text}).fetchall()
    if isinstance(value, datetime.datetime):
        value = value.replace(tzinfo=datetime.UTC)
    if isinstance(value, float) and not math.isfinite(value):
        value = None
    if column.type == "integer" and value is not None and (value != int(value) or abs(value) > 2**53 - 1):
        value = None
    return value, missing


def odd_of(text: str) -> spelled.Odd:
    """What a file of this text alone would have in it."""
    return frozenset(mark for mark in spelled.ANY_BYTES if mark.decode() in text)


def grammar_value(column, text):
    try:
        found = column.grammar.read(text)
    except ValueRefusedError:
        return None, False
    return found, found is None


@pytest.mark.parametrize(("table", "text", "wanted"), SPELLINGS)
def test_sql_reads_each_spelling_as_the_grammar_says(table, text, wanted):
    column = column_of(table["type"], **{key: value for key, value in table.items() if key != "type"})
    value, missing = sql_value(column, text)
    if wanted is REFUSED:
        assert (value, missing) == (None, False)
    elif wanted is None or wanted != wanted:
        assert (value, missing) == (None, True)
    else:
        assert missing is False
        assert (value if isinstance(wanted, str) else as_number(value)) == wanted
    assert sql_value(column, text, odd_of(text)) == (value, missing)


NEAR = st.one_of(
    st.text(max_size=12),
    st.text("0123456789+-.eE_ \t\v,", max_size=12),
    st.text("0123456789-/.T:Z+ ", max_size=26),
    st.sampled_from(["true", "yes", "NA", "inf", "nan", "epoch", "infinity", "2024-01-31", "10:15"]),
    st.floats().map(repr),
    st.dates().map(str),
    st.datetimes().map(str),
    st.datetimes().map(datetime.datetime.isoformat),
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TYPES), NEAR)
def test_any_text_has_one_value_in_sql_and_in_the_grammar(kind, text):
    column = column_of(kind, missing=[]) if kind else column_of(kind)
    if "\0" in text:
        return
    found = sql_value(column, text)
    assert found == grammar_value(column, text)
    assert sql_value(column, text, odd_of(text)) == found


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["number", "integer"]),
    st.sampled_from([".", ","]),
    st.sampled_from(["", "_", " ", "'"]),
    st.sampled_from(["", "$", "%", "EUR", "kg", "m/s^2", "a|b"]),
    st.text("0123456789+-.,'_ $%eEURkg", max_size=14),
)
def test_declared_marks_mean_the_same_in_sql_and_in_the_grammar(kind, decimal, thousands, unit, text):
    column = column_of(kind, decimal=decimal, thousands=thousands, unit=unit, missing=["-999", "NA"])
    assert sql_value(column, text) == grammar_value(column, text)


@pytest.mark.parametrize("marker", ["nan", "NaN", "-nan", "inf", "Infinity"])
@pytest.mark.parametrize("odd", [spelled.ANY_BYTES, frozenset()])
def test_a_marker_that_duckdb_takes_for_a_number_is_missing(marker, odd):
    """Its value is NULL and not NaN, which would break the bounds of every column."""
    column = column_of("number", missing=[marker])
    value, missing = (f(column, odd=odd) for f in (spelled.value, spelled.missing))
    query = f"SELECT {value}, {missing} FROM (SELECT $text AS x)"
    assert CONNECTION.execute(query, {"text": marker}).fetchone() == (None, True)
