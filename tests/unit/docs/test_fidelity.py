"""The page on fidelity names tests that exist, for every line of its table."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/fidelity.md").read_text()
TABLE = PAGE.partition("## Which test holds what")[2].partition("\n## ")[0]


def lines() -> list[tuple[str, list[str]]]:
    """What a line says, and the tests that it names; headings within the table have none."""
    cells = [line.strip("| ").split(" | ") for line in TABLE.splitlines() if line.startswith("| ")]
    return [(what[0], re.findall(r"`([^`\s]+::[^`\s]+)`", "".join(what[1:]))) for what in cells]


def test_every_line_of_the_table_names_a_test():
    assert len(lines()) > 30
    assert [
        what for what, tests in lines() if not tests and what not in ("", "held by") and "**" not in what
    ] == []


def test_every_test_that_the_table_names_exists():
    named = [test for _, tests in lines() for test in tests]
    assert len(named) > 50
    gone = []
    for test in named:
        path, _, name = test.partition("::")
        file = ROOT / path
        if not file.is_file() or f"def {name}(" not in file.read_text():
            gone.append(test)
    assert gone == []
