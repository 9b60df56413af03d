"""The report in a real browser, as wide as a phone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from lambdas.evaluate_model.report.page import page
from tests.unit.lambdas.evaluate_model.documents import document

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in BROWSERS if (path := shutil.which(name))), None)
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")


@dataclass
class Visit:
    """A page opened, with everything that it asked for or complained of."""

    page: Any
    uri: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))

    def ask(self, script: str) -> Any:
        return self.page.evaluate(script)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module", params=["regression", "classification", "first model"])
def visit(
    request: pytest.FixtureRequest, browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visit]:
    directory = tmp_path_factory.mktemp("report")
    first = request.param == "first model"
    task = "regression" if first else request.param
    found = document(directory, task, champion=not first, max_slice_regression_share=5.0)
    path = directory / "report.html"
    path.write_text(page(found), encoding="utf-8")
    visit = Visit(browser.new_page(viewport=PHONE), path.as_uri())
    visit.listen()
    visit.page.goto(visit.uri)
    yield visit
    visit.page.close()


def test_it_fits_a_phone_without_scrolling_sideways(visit: Visit) -> None:
    visit.page.set_viewport_size(PHONE)
    assert visit.ask("document.documentElement.scrollWidth") <= PHONE["width"]
    # Whatever sticks out lies in a part that scrolls for itself.
    sticking_out = visit.ask(
        """() => [...document.querySelectorAll('main *, header *')]
            .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, svg'))
            .map(e => e.outerHTML.slice(0, 200))"""
    )
    assert sticking_out == []


def test_no_column_of_a_table_beside_a_drawing_is_cut_off_on_a_desk(visit: Visit) -> None:
    visit.page.set_viewport_size(DESK)
    cut = visit.ask(
        """() => [...document.querySelectorAll('.grid-of-two .scroll')]
            .filter(e => e.scrollWidth > e.clientWidth + 1)
            .map(e => `${e.scrollWidth} in ${e.clientWidth}: ${e.innerText.slice(0, 200)}`)"""
    )
    assert cut == []


def test_its_words_are_large_enough_on_a_phone(visit: Visit) -> None:
    visit.page.set_viewport_size(PHONE)
    sizes = visit.ask(
        """() => [...document.querySelectorAll('p, td, th, li, svg text')].map(e => {
            const svg = e.closest('svg')
            const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1
            return parseFloat(getComputedStyle(e).fontSize) * scale
        })"""
    )
    assert min(sizes) >= 9.5


def test_it_asks_for_nothing_and_nothing_in_it_runs(visit: Visit) -> None:
    assert visit.requests == [visit.uri]
    assert visit.complaints == []
    assert visit.page.title() == "housing: promote"


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_it_keeps_to_light_and_dark(visit: Visit, scheme: str, is_dark: bool) -> None:
    visit.page.emulate_media(color_scheme=scheme)
    colour = visit.ask("getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in colour[4:-1].split(",")) < 3 * 128) is is_dark


def test_every_drawing_has_been_drawn(visit: Visit) -> None:
    visit.page.set_viewport_size(DESK)
    boxes = visit.ask(
        """() => [...document.querySelectorAll('svg.drawing, svg.bar')]
            .map(e => e.getBoundingClientRect()).map(box => [box.width, box.height])"""
    )
    assert len(boxes) > 10
    assert all(width > 30 and height > 5 for width, height in boxes)


def test_its_sections_are_reached_by_their_links(visit: Visit) -> None:
    visit.page.set_viewport_size(PHONE)
    visit.page.click("nav a[href='#quality']")
    assert visit.ask("document.querySelector('#quality').getBoundingClientRect().top") < 100
