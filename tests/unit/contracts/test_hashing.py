"""A text's counts are fixed in writing: these figures must never change, or models in service would."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.dataset import DatasetContract
from contracts.hashing import GRAMS, TextHashing
from contracts.reading import PipelineConfigError, Table

WORDS = TextHashing(buckets=16)
PAIRS = TextHashing(buckets=16, grams="pairs")
CHARACTERS = TextHashing(buckets=16, grams="characters")


def crc32(data: bytes) -> int:
    """Bit by bit, as ITU-T V.42 has it."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xEDB88320 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def counted(grams: list[bytes], buckets: int) -> list[float]:
    places = Counter(crc32(gram) % buckets for gram in grams)
    return [float(places[bucket]) for bucket in range(buckets)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Fast, and FAST again!",
            [b"fast", b"and", b"fast", b"again", b"fast and", b"and fast", b"fast again"],
        ),
        ("x", [b"x"]),
        ("1.5 kg", [b"1", b"5", b"kg", b"1 5", b"5 kg"]),
        ("Ünder\nway", ["Ünder".encode(), b"way", "Ünder way".encode()]),
        (" ...", []),
        ("", []),
        (None, []),
    ],
)
def test_words_and_pairs_of_words_are_counted_by_their_crc(text: str | None, words: list[bytes]) -> None:
    # Of capitals only ASCII's are lowered, so "Ü" stays as it is.
    assert PAIRS.counts(text) == counted(words, 16)
    assert WORDS.counts(text) == counted([word for word in words if b" " not in word], 16)


def test_characters_are_counted_by_threes_within_words() -> None:
    assert CHARACTERS.counts("Ab c") == counted([b" ab", b"ab ", b" c "], 16)


@given(st.text(), st.sampled_from(GRAMS), st.integers(8, 300))
def test_any_text_has_counts_that_its_case_and_its_marks_do_not_change(
    text: str, grams: str, buckets: int
) -> None:
    hashing = TextHashing(buckets=buckets, grams=grams)
    counts = hashing.counts(text)
    assert len(counts) == buckets
    assert all(count >= 0 and count == int(count) for count in counts)
    ascii_case = "".join(c.upper() if c.isascii() else c for c in text)
    assert hashing.counts(f"  {ascii_case} ;") == counts


def test_half_a_character_is_read_as_a_mark() -> None:
    assert WORDS.counts("a \ud800 b") == WORDS.counts("a ? b")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"buckets": 4, "grams": "words"},
        {"buckets": 16, "grams": "lines"},
        {"buckets": True, "grams": "words"},
    ],
)
def test_what_is_no_hashing_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="text"):
        TextHashing.from_document(document)
    assert TextHashing.from_document(WORDS.as_document()) == WORDS


def contract_of(note: dict[str, Any], **dataset: Any) -> DatasetContract:
    columns = [{"name": "note", "type": "text", **note}, {"name": "price", "type": "number"}]
    return DatasetContract.read(
        Table({"target": "price", "task": "regression", "columns": columns, **dataset}, "pipeline.toml")
    )


@pytest.mark.parametrize("use", [{"use": "text"}, {"use": True}, {}])
def test_a_text_has_one_use_which_needs_no_naming(use: dict[str, Any]) -> None:
    assert contract_of(use).column("note").hashing == TextHashing()


def test_a_column_says_how_its_text_is_counted() -> None:
    found = contract_of({"type": "category", "use": "text", "buckets": 32, "grams": "characters"})
    assert found.column("note").hashing == TextHashing(buckets=32, grams="characters")


@pytest.mark.parametrize(
    ("note", "dataset", "reason"),
    [
        ({"use": False, "buckets": 32}, {}, r'buckets: only a column with use = "text"'),
        ({"type": "number", "use": "text"}, {}, "use: only columns of type text or category"),
        ({"use": "words"}, {}, "use: 'words' is not one of text"),
        ({"use": "text", "buckets": 5000}, {}, "buckets: 5000 is outside 8 to 1024"),
        ({"use": "text", "grams": "lines"}, {}, "grams: 'lines' is not one of words, pairs, characters"),
        ({"use": "text"}, {"slices": ["note"]}, "slices: 'note' is of use as text"),
    ],
)
def test_what_cannot_be_counted_is_refused_by_its_key(
    note: dict[str, Any], dataset: dict[str, Any], reason: str
) -> None:
    with pytest.raises(PipelineConfigError, match=reason):
        contract_of(note, **dataset)
