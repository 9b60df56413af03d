"""`make screens`: photographs the console of a running cloud for docs/console.md, and measures it.

Prints when it painted first, how many bytes it loaded, and what axe-core finds; a serious finding, a paint
after a second or more than 300 kB end it with status 1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
PLACE = PROJECT / "docs" / "pictures"
CHROMIUM = Path("/usr/bin/chromium")
AXE = PROJECT / "node_modules" / "axe-core" / "axe.min.js"
MAX_PAINT_MS, MAX_BYTES = 1_000, 300_000
MAX_HEIGHT = 640
VIEWS = {"now": "#now", "pipeline": "#pipeline", "runs": "#runs", "models": "#models", "cost": "#cost"}
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_BYTES = """performance.getEntriesByType('resource').filter(e => e.name.includes('/static/'))
  .concat(performance.getEntriesByType('navigation')).reduce((sum, e) => sum + e.transferSize, 0)"""
_FINDINGS = "async () => (await axe.run()).violations.map(v => [v.impact, v.id])"


def photograph(address: str, theme: Any) -> dict[str, Any]:
    """Every view in one theme; what was measured."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(color_scheme=theme, viewport={"width": 1180, "height": 900})
        page.goto(address)
        page.wait_for_selector("svg .node")
        page.get_by_text("live", exact=True).wait_for()
        found = {"first_paint_ms": round(page.evaluate(_PAINT)), "bytes": page.evaluate(_BYTES)}
        page.locator("#cost").scroll_into_view_if_needed()
        page.wait_for_selector(".bill", timeout=300_000)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found["findings"] = page.evaluate(_FINDINGS)
        PLACE.mkdir(exist_ok=True)
        for name, place in VIEWS.items():
            _part(page, place, PLACE / f"console-{name}-{theme}.png")
        browser.close()
    return found


def _part(page: Any, place: str, path: Path) -> None:
    """A picture of one section, its top where it is long."""
    box = page.locator(place).bounding_box()
    top = box["y"] + page.evaluate("scrollY")
    clip = {**box, "y": top, "height": min(box["height"], MAX_HEIGHT)}
    page.screenshot(path=path, full_page=True, clip=clip)


def main() -> int:
    if not os.environ.get("AWS_ENDPOINT_URL"):
        print("screens: start a cloud (python -m localcloud up), paste its export lines, upload something")
        return 2
    for needed, what in (
        (CHROMIUM, "Chromium (apt install chromium)"),
        (AXE, "axe-core (make node_modules/.ready)"),
    ):
        if not needed.exists():
            print(f"screens: skipped, for there is no {what}: {needed}")
            return 0
    command = [sys.executable, "-m", "operations", "console", "--port", "0", "--no-browser", "--json"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as console:
        try:
            assert console.stdout is not None
            address = json.loads("".join(iter(console.stdout.readline, "}\n")) + "}")["address"]
            measured = {theme: photograph(address, theme) for theme in ("light", "dark")}
        finally:
            console.terminate()
    print(json.dumps(measured, indent=2))
    return int(any(is_bad(one) for one in measured.values()))


def is_bad(found: dict[str, Any]) -> bool:
    """A serious finding, a late first paint, or too much to load."""
    serious = [impact for impact, _ in found["findings"] if impact in ("serious", "critical")]
    return bool(serious) or found["first_paint_ms"] >= MAX_PAINT_MS or found["bytes"] >= MAX_BYTES


if __name__ == "__main__":
    sys.exit(main())
