"""The report as a page: everything is there, and nothing in it is more than text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from lambdas.evaluate_model.report.page import page
from lambdas.evaluate_model.report.parts import Cell, table
from lambdas.evaluate_model.report.rendering import environment, shown
from lambdas.evaluate_model.report.shapes import shape, svg
from tests.unit.lambdas.evaluate_model.documents import HOSTILE, document

SECTIONS = {
    "checks",
    "known",
    "models",
    "answers",
    "slices",
    "fairness",
    "importance",
    "drift",
    "quantiles",
    "quality",
}
SECTIONS |= {"search", "model", "lineage"}
VOID = {"meta", "br"}


class Reader(HTMLParser):
    """What a browser would see: elements, their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((name, dict(attributes)))

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data

    def names(self) -> set[str]:
        return {name for name, _ in self.elements}

    def ids(self) -> set[str | None]:
        return {attributes["id"] for _, attributes in self.elements if "id" in attributes}


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return document(tmp_path_factory.mktemp("regression"))


def test_every_section_is_there_and_linked(regression: dict[str, Any]) -> None:
    read = Reader(page(regression))
    assert read.ids() == SECTIONS
    assert {a["href"] for name, a in read.elements if name == "a"} == {f"#{name}" for name in SECTIONS}
    assert read.open == []


def test_the_verdict_stands_first_with_every_check(regression: dict[str, Any]) -> None:
    read = Reader(page(regression))
    assert read.text.index("Promote: the challenger is better") < read.text.index("Checks")
    for check in regression["verdict"]["checks"]:
        assert check["name"] in read.text
        assert shown(check["explanation"]) in read.text


def test_a_rejection_says_why_on_top(tmp_path: Path) -> None:
    rejected = document(tmp_path, min_gain_share=0.99)
    read = Reader(page(rejected))
    assert "Rejected: the champion stays" in read.text
    assert "✗ fail" in read.text
    assert read.text.index("at least 99.0% better is wanted") < read.text.index("Checks")


def test_a_first_models_report_says_nothing_of_a_champion(tmp_path: Path) -> None:
    read = Reader(page(document(tmp_path, champion=False)))
    assert "Promote: the first model" in read.text
    assert read.ids() == SECTIONS - {"drift"}


def test_a_classification_shows_confusion_and_calibration(tmp_path: Path) -> None:
    found = document(tmp_path, "classification")
    assert sum(map(sum, found["answers"]["confusion"])) == 800
    read = Reader(page(found))
    assert "Confusion" in read.text
    assert "Calibration" in read.text
    assert "probability of <img" in read.text


def test_what_came_with_the_data_is_text_and_nothing_else(regression: dict[str, Any]) -> None:
    html = page(regression)
    read = Reader(html)
    allowed = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "nav",
        "main",
        "section",
        "div",
        "p",
    }
    allowed |= {
        "h1",
        "h2",
        "h3",
        "a",
        "ul",
        "li",
        "span",
        "strong",
        "b",
        "i",
        "small",
        "br",
        "dl",
        "dt",
        "dd",
    }
    allowed |= {"table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption"}
    allowed |= {"svg", "line", "path", "rect", "text"}
    assert read.names() <= allowed
    for text in HOSTILE[:5]:
        assert text in read.text
    assert "\u202e" not in html
    assert "\x1b" not in html
    assert "x" * 301 not in html


def test_nothing_is_loaded_and_the_policy_forbids_it(regression: dict[str, Any]) -> None:
    html = page(regression)
    read = Reader(html)
    policies = [
        a["content"] or "" for _, a in read.elements if a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policies[0]
    for _, attributes in read.elements:
        assert not {"src", "srcset", "style", "onload", "onclick", "onerror"} & set(attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"url\(|@import", html)


def test_the_report_for_machines_is_strict_json(regression: dict[str, Any], tmp_path: Path) -> None:
    for found in (regression, document(tmp_path, "classification")):
        assert json.loads(json.dumps(found, allow_nan=False)) == found


@given(st.text())
def test_any_text_comes_back_as_text(text: str) -> None:
    written = environment().from_string('<p title="{{ text }}">{{ text }}</p>').render(text=text)
    read = Reader(written)
    assert read.names() == {"p"}
    assert read.text == shown(text)
    assert read.elements[0][1]["title"] == shown(text)


def test_only_what_was_made_here_is_markup() -> None:
    drawing = svg([shape("text", "<i>", class_='"><i>')], "<b>")
    assert drawing == (
        '<svg role="img"><title>&lt;b&gt;</title><text class="&#34;&gt;&lt;i&gt;">&lt;i&gt;</text></svg>'
    )
    printed = environment().from_string("{{ found }}{{ text }}{{ none }}")
    assert printed.render(found=drawing, text=str(drawing)).count("<svg") == 1


def test_what_a_template_asks_for_in_vain_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="nobody"):
        environment().from_string("{{ nobody }}").render()


def test_a_tables_cells_are_escaped_named_and_labelled() -> None:
    found = table(["<a>", "b"], [["<c>", Cell("<d>", "number", "<e>", small="<f>")]], kind="stacked")
    written = environment().from_string('{% from "macros.html.j2" import table %}{{ table(found) }}')
    read = Reader(written.render(found=found))
    assert read.names() == {"div", "table", "thead", "tbody", "tr", "th", "td", "br", "small"}
    assert [a for name, a in read.elements if name == "th"] == [{"scope": "col"}] * 2 + [{"scope": "row"}]
    assert [a for name, a in read.elements if name == "td"] == [{"class": "number", "data-label": "<e>"}]
    assert [part for part in ("<a>", "b", "<c>", "<d>", "<f>") if part not in read.text] == []


def test_long_texts_are_cut_and_what_cannot_be_seen_is_spelt_out() -> None:
    assert shown("a" * 400).endswith("a…")
    assert len(shown("a" * 400)) == 300
    assert shown("a\u202eb\x00") == "a⟨U+202E⟩b⟨U+0000⟩"


def test_the_constant_stands_beside_both_models(regression: dict[str, Any]) -> None:
    assert set(regression["constant"]) == set(regression["challenger"])
    assert regression["constant"]["rmse_error"] > regression["challenger"]["rmse_error"]
    assert regression["constant"]["r2_score"] == pytest.approx(0.0, abs=1e-9)
    assert "The constant is the best answer that looks at nothing" in Reader(page(regression)).text


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        ("NotComparable", "A person must decide: the models cannot be compared"),
        ("ChampionCollapsed", "A person must decide: the champion is no longer what it was"),
    ],
)
def test_what_a_person_must_decide_is_said_first_with_what_to_do(
    regression: dict[str, Any], outcome: str, text: str
) -> None:
    verdict = {**regression["verdict"], "promote": False, "outcome": outcome, "advice": ["Mend <b>it</b>."]}
    html = page({**regression, "verdict": verdict})
    assert text in Reader(html).text
    assert "Mend &lt;b&gt;it&lt;/b&gt;." in html
    assert "What to do next" in html


def test_overlap_few_rows_leaks_and_unused_columns_are_told_in_words(regression: dict[str, Any]) -> None:
    overlap = {
        "new_to_both": 40,
        "holdout_rows": 60,
        "unknown": "",
        "challenger_rows": 300,
        "champion_rows": 1000,
        "near_duplicates": 6,
        "looked_at": 60,
        "by": "row",
        "identity": ["size", "age"],
        "has_key": False,
    }
    text = Reader(
        page(
            {
                **regression,
                "overlap": overlap,
                "rows": {**regression["rows"], "judged": 40},
                "leaks": ["a + b tells the target"],
                "unused": [{"column": "id", "why": "identifies a row"}],
            }
        )
    ).text
    assert "Of 60 rows of the holdout, 40 are new to the champion as well; the other 20" in text
    assert "6 of 60 rows looked at (10.0%) differ in one column at most" in text
    assert "40 rows are few" in text
    assert "Suspected leak: a + b tells the target" in text
    assert "id is not looked at: it identifies a row." in text
    assert "trained on 300 rows, the champion on 1,000" in text
    assert "a corrected cell makes a new row" in text


def test_several_classes_have_a_table_of_their_calibration(tmp_path: Path) -> None:
    found = document(tmp_path, "classification")
    entry = {"class": "<i>red</i>", "said": 1 / 3, "so": 0.5, "off": 1 / 6}
    html = page({**found, "answers": {**found["answers"], "calibration_by_class": [entry] * 3}})
    assert "Calibration by class" in html
    assert "&lt;i&gt;red&lt;/i&gt;" in html
    assert "Calibration by class" not in page(found)
