"""What is asked of every body: each bound is checked before, or while, what it bounds is parsed."""

from __future__ import annotations

from inference.errors import InvalidRequestError

# Empty lines beyond one a row, in CSV and JSON lines; the compiled reader keeps to the same number.
MOST_EMPTY_LINES = 1000
# What Python's csv module takes as one field.
MOST_FIELD_CHARACTERS = 131_072
# Lists and objects in one JSON body: each costs Python 60 bytes and more, and takes two to send.
MOST_CONTAINERS = 1 << 21
# Numbers that the texts of one body may become: 64 MB.
MOST_TEXT_ENTRIES = 1 << 23
# Rows of JSON lines that are looked at together.
LINES_TOGETHER = 4096


def check_containers(body: bytes) -> None:
    """Raises InvalidRequestError where parsing a JSON body would hold many times its size."""
    if len(body) > MOST_CONTAINERS and body.count(b"[") + body.count(b"{") > MOST_CONTAINERS:
        raise InvalidRequestError(
            f"the body holds more than {MOST_CONTAINERS} lists and objects; send fewer rows in a request"
        )


def check_entries(rows: int, entries: int, columns: int) -> None:
    """Raises InvalidRequestError where texts of few bytes would become numbers without end."""
    if entries > columns and rows * entries > MOST_TEXT_ENTRIES:
        raise InvalidRequestError(
            f"the body has more than {MOST_TEXT_ENTRIES // entries} rows, and this model counts the words of "
            "texts; send fewer rows in a request"
        )


def check_empty_lines(empty: int, rows: int) -> None:
    if empty > MOST_EMPTY_LINES + rows:
        raise InvalidRequestError(f"the body has more than {MOST_EMPTY_LINES} empty lines; leave them out")


def check_utf8(body: bytes) -> None:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(
            f"the body is not UTF-8: byte {error.start} is {body[error.start]:#x}"
        ) from error
