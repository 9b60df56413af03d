"""Links between files become links between pages, wherever the page lies."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.site import links, navigation

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("source", "text", "made"),
    [
        ("README.md", "[a](docs/start.md#b)", "[a](start.md#b)"),
        ("README.md", "[a\nb](docs/start.md)", "[a\nb](start.md)"),
        ("docs/start.md", "[a](../README.md)", "[a](index.md)"),
        ("docs/start.md", "[`x`](adr/README.md)", "[`x`](adr/README.md)"),
        ("docs/how-to/own-data.md", "[a](../splits.md)", "[a](../splits.md)"),
        ("step_functions/README.md", "[a](../docs/runbook.md#x)", "[a](runbook.md#x)"),
        (
            "docs/cost.md",
            "[prices](../operations/cost/prices.toml)",
            "prices (`operations/cost/prices.toml`)",
        ),
        ("docs/start.md", "[a](https://example.com/b.md)", "[a](https://example.com/b.md)"),
        ("docs/start.md", "[a](#below)", "[a](#below)"),
        ("docs/start.md", "```\n[a](../README.md)\n```", "```\n[a](../README.md)\n```"),
        ("docs/start.md", "![a](picture.png)", "![a](picture.png)"),
    ],
)
def test_a_link_leads_to_the_page_of_its_file(source: str, text: str, made: str):
    assert links.rewritten(text, source) == made


def navigation_of_the_file() -> list[Any]:
    text = (ROOT / "mkdocs.yml").read_text()
    found: list[Any] = yaml.safe_load(re.sub(r"!!python/name:\S+", "x", text))["nav"]
    return found


def test_every_page_is_in_the_navigation_once():
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    pages += links.PAGES.values()
    found = navigation.listed(navigation.completed(navigation_of_the_file(), pages))
    assert sorted(found) == sorted(pages)


def test_a_page_that_nobody_named_stands_behind_the_others_of_its_folder():
    made = navigation.completed(
        ["index.md", {"Decisions": ["adr/README.md"]}], ["adr/0002-b.md", "adr/0001-a.md"]
    )
    assert made == ["index.md", {"Decisions": ["adr/README.md", "adr/0001-a.md", "adr/0002-b.md"]}]
