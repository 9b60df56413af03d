"""What an error says of names that a body may have made up."""

from __future__ import annotations

from inference.errors import InvalidRequestError


def test_a_long_name_is_told_as_far_as_it_is_readable():
    whole, long = "a" * 200, "b" * 201
    assert whole in str(InvalidRequestError("is no number", column=whole))
    told = str(InvalidRequestError("is no number", column=long))
    assert "b" * 200 + "..." in told
    assert long not in told


def test_an_error_keeps_row_column_and_reason_apart():
    error = InvalidRequestError("is no number", row=3, column="rooms")
    assert (error.row, error.column, error.reason) == (3, "rooms", "is no number")
    assert "3" in str(error)
    assert "rooms" in str(error)
