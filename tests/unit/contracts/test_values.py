import contextlib
import datetime
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.values import TYPES, Grammar, ValueRefusedError, as_number
from tests.unit.contracts.value_spellings import REFUSED, SPELLINGS


def grammar(column):
    return Grammar.from_document(column["type"], {k: v for k, v in column.items() if k != "type"})


@pytest.mark.parametrize(("column", "text", "wanted"), SPELLINGS)
def test_a_text_has_the_value_that_the_grammar_gives_it(column, text, wanted):
    if wanted is REFUSED:
        with pytest.raises(ValueRefusedError):
            grammar(column).read(text)
        return
    found = grammar(column).read(text)
    if column["type"] in ("category", "text"):
        assert found == wanted
    elif math.isnan(wanted):
        assert found is None
    else:
        assert as_number(found) == wanted
        assert math.copysign(1, as_number(found)) == math.copysign(1, wanted)


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("number", 1, 1.0),
        ("number", True, REFUSED),
        ("number", 10**400, REFUSED),
        ("number", math.inf, REFUSED),
        ("number", math.nan, None),
        ("number", [1], REFUSED),
        ("integer", 3.0, 3),
        ("integer", 2.5, REFUSED),
        ("integer", 2**53, REFUSED),
        ("boolean", 1.0, True),
        ("boolean", 0, False),
        ("boolean", True, True),
        ("boolean", 2, REFUSED),
        ("date", 20240131, REFUSED),
        ("timestamp", 0.0, REFUSED),
        ("category", 1, REFUSED),
        ("category", True, REFUSED),
        ("text", {}, REFUSED),
        *((kind, None, None) for kind in TYPES),
    ],
)
def test_what_json_holds_beside_texts(kind, value, wanted):
    if wanted is REFUSED:
        with pytest.raises(ValueRefusedError):
            Grammar(type=kind).accept(value)
    else:
        found = Grammar(type=kind).accept(value)
        assert found == wanted
        assert type(found) is type(wanted)


def test_a_marker_that_is_a_number_is_missing_however_a_number_comes():
    marked = Grammar(type="integer", missing=("-999", "NA"))
    assert marked.accept(-999) is None
    assert marked.accept(-999.0) is None
    assert math.isnan(marked.number("-9.99e2"))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_back_as_it_was_written(value):
    assert Grammar(type="number").read(repr(value)) == value


@given(st.datetimes(timezones=st.just(datetime.UTC)))
def test_every_timestamp_is_read_back_as_it_was_written(value):
    assert Grammar(type="timestamp").read(value.isoformat()) == value


@given(st.sampled_from(TYPES), st.text(max_size=30))
def test_no_text_breaks_a_reader(kind, text):
    with contextlib.suppress(ValueRefusedError):
        Grammar(type=kind).read(text)


def test_a_grammar_survives_its_document_and_a_plain_one_leaves_none():
    special = Grammar(type="number", missing=("NA",), decimal=",", thousands=".", unit="€")
    assert Grammar.from_document("number", special.as_document()) == special
    assert special.as_document() == {"missing": ["NA"], "decimal": ",", "thousands": ".", "unit": "€"}
    assert Grammar(type="date").as_document() == {}
    assert Grammar(type="date").is_plain
    assert not special.is_plain


@pytest.mark.parametrize(
    "document", [{"missing": "NA"}, {"missing": [1]}, {"colour": "x"}, {"decimal": 1}, {"type": "x"}]
)
def test_a_document_that_is_none_is_refused(document):
    with pytest.raises(ValueError, match="grammar"):
        Grammar.from_document("number", document)
