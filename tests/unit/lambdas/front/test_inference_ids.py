from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.front.inference_ids import inference_id, is_of

random16 = st.binary(min_size=16, max_size=16)


@given(st.text(), st.text(), random16)
def test_an_id_is_of_the_caller_who_got_it_and_of_nobody_else(caller, other, random):
    key = inference_id(caller.encode("utf-8", "replace").decode(), random)
    assert is_of(key, caller.encode("utf-8", "replace").decode())
    if other.encode("utf-8", "replace") != caller.encode("utf-8", "replace"):
        assert not is_of(key, other.encode("utf-8", "replace").decode())


def test_it_fits_into_sagemaker_s_header():
    key = inference_id("a" * 500, b"\xff" * 16)
    assert len(key) == 48
    assert key.isascii()


@given(st.text(), st.integers(0, 47), st.sampled_from("abcABC019_-"))
def test_an_id_with_one_other_character_belongs_to_nobody(caller, place, character):
    caller = caller.encode("utf-8", "replace").decode()
    key = inference_id(caller, b"0123456789abcdef")
    changed = key[:place] + character + key[place + 1 :]
    assert changed == key or not is_of(changed, caller)


@pytest.mark.parametrize("text", ["", "f1..", "f2.a.b", "x" * 48, "f1." + "a" * 22 + "." + "b" * 22 + "\n"])
def test_what_is_no_id_belongs_to_nobody(text):
    assert not is_of(text, "ann")


def test_less_randomness_is_refused():
    with pytest.raises(ValueError, match="3 random bytes"):
        inference_id("ann", b"abc")
