"""The console lets its own page in and nobody else, and shows what the stage is."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
import uvicorn

from contracts.budget import Budget
from operations.cli.serving import _listen
from operations.console import views
from operations.console.app import STATIC, make
from operations.console.graph import layout
from operations.console.guard import Guard
from operations.console.snapshot import Snapshots
from operations.cost.forecast import IDLE, RETRAINING, Line
from operations.cost.stage import Forecast, ForecastError
from operations.reading import machine
from operations.reading.clients import Clients
from operations.reading.errors import ReadingError
from operations.reading.runs import Run, Summary
from operations.reading.stage import StageReader
from tests.unit.operations.cli.test_watching import tell, watch
from tests.unit.operations.conftest import CHAMPION, DEFINITION, MACHINE, register, serve
from tests.unit.operations.reading.runs import Events, run

PORT = 8731
OWN = {"host": f"127.0.0.1:{PORT}"}


class Rolls:
    """Remembers what was to be rolled back."""

    def __init__(self) -> None:
        self.asked: list[tuple[int | None, str]] = []

    def __call__(self, version: int | None, reason: str, now: datetime) -> str:
        self.asked.append((version, reason))
        return f"{MACHINE.replace('stateMachine', 'execution')}:rollback-1"


def ask(
    guard: Guard, path: str, headers: dict[str, str] = OWN, change: object = None
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one request, through ASGI itself."""
    path, _, query = path.partition("?")
    body = b"" if change is None else json.dumps(change).encode()
    scope = {
        "type": "http",
        "method": "GET" if change is None else "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "scheme": "http",
        "http_version": "1.1",
        "server": ("127.0.0.1", PORT),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        said.append(dict(message))

    asyncio.run(guard(scope, receive, send))
    found = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return said[0]["status"], found, b"".join(message.get("body", b"") for message in said[1:])


LINES = (
    Line(
        group=IDLE,
        item="endpoint",
        low=80.0,
        expected=90.0,
        high=90.0,
        assumption="2 instances",
        lower_by="one",
    ),
    Line(group=IDLE, item="MLflow app", low=None, expected=None, high=None, assumption="no list price"),
    Line(group=RETRAINING, item="training job", low=0.1, expected=0.2, high=0.5, assumption="3 minutes"),
)


def forecast() -> Forecast:
    return Forecast(lines=LINES, budget=Budget(max_monthly_usd=150.0))


@pytest.fixture
def rolls() -> Rolls:
    return Rolls()


@pytest.fixture
def guard(stage: StageReader, rolls: Rolls) -> Guard:
    return make(stage, rolls, PORT, forecast)


def change(guard: Guard, **more: str) -> dict[str, str]:
    """The headers that the page itself sends."""
    origin = {"origin": f"http://127.0.0.1:{PORT}", "x-greenlight-token": guard.token}
    return {**OWN, **origin, **more}


def test_the_page_brings_its_token_and_a_policy_that_loads_nothing_from_elsewhere(guard: Guard):
    status, headers, body = ask(guard, "/")
    assert status == 200
    assert guard.token.encode() in body
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8731", "127.0.0.1:1", ""])
def test_a_name_that_was_rebound_to_loopback_is_refused(guard: Guard, host: str):
    assert ask(guard, "/api/now", {"host": host})[0] == 403


@pytest.mark.parametrize(
    "more",
    [
        {"origin": "http://evil.example"},
        {"origin": ""},
        {"x-greenlight-token": ""},
        {"x-greenlight-token": "guessed"},
    ],
)
def test_a_change_that_another_page_asks_for_is_refused(guard: Guard, rolls: Rolls, more: dict[str, str]):
    status, _, _ = ask(guard, "/api/rollback", change(guard, **more), {"version": 1})
    assert status == 403
    assert rolls.asked == []


def test_a_rollback_that_the_page_asks_for_is_started(guard: Guard, rolls: Rolls):
    status, _, body = ask(guard, "/api/rollback", change(guard), {"version": 2, "reason": "complaints"})
    assert (status, json.loads(body)) == (202, {"run": "rollback-1"})
    assert rolls.asked == [(2, "complaints")]


@pytest.mark.parametrize("wrong", [{"version": "2"}, {"version": True}, {"version": 0}, [1]])
def test_a_change_that_says_nothing_sensible_is_refused(guard: Guard, rolls: Rolls, wrong: object):
    assert ask(guard, "/api/rollback", change(guard), wrong)[0] == 400
    assert rolls.asked == []


def test_a_model_is_rejected_with_its_reason(guard: Guard, stage: StageReader, clients: Clients):
    register(clients, CHAMPION)
    assert ask(guard, "/api/reject", change(guard), {"version": 1, "reason": "leak"})[0] == 200
    assert (stage.model(1).status, stage.model(1).reason) == ("Rejected", "leak")
    assert ask(guard, "/api/reject", change(guard), {"version": 9})[0] == 404


def test_what_is_now_is_told_in_one_document(guard: Guard, clients: Clients):
    register(clients, CHAMPION, promoted_at="2026-11-22T02:50:00+00:00")
    serve(clients, CHAMPION)
    found = json.loads(ask(guard, "/api/now")[2])
    assert found["endpoint"]["config_name"] == CHAMPION
    assert found["champion"]["version"] == 1
    assert found["run"] is None


def test_a_cloud_that_does_not_answer_is_told_and_asked_again(stage: StageReader, monkeypatch: Any):
    now = [0.0]
    snapshots = Snapshots(stage, clock=lambda: now[0])
    assert snapshots.newest()["stage"] == "housing-dev"

    def broken(_: StageReader) -> None:
        raise ReadingError("Nobody answers.", "Start it.")

    monkeypatch.setattr(StageReader, "endpoint", broken)
    assert "error" not in snapshots.newest()
    now[0] = 1.0
    assert snapshots.newest() == {"error": "Nobody answers.", "way_on": "Start it."}


def test_runs_come_in_pages_and_are_found_by_name(guard: Guard, clients: Clients):
    for number in range(60):
        clients("stepfunctions").start_execution(
            stateMachineArn=MACHINE, name=f"prices-{number:03}", input='{"key": "incoming/prices.csv"}'
        )
    first = json.loads(ask(guard, "/api/runs")[2])
    assert (first["total"], len(first["runs"]), first["is_cut"]) == (60, 50, False)
    assert len(json.loads(ask(guard, "/api/runs?offset=50")[2])["runs"]) == 10
    found = json.loads(ask(guard, "/api/runs?text=prices-01")[2])
    assert {run["name"] for run in found["runs"]} == {f"prices-01{digit}" for digit in range(10)}
    assert ask(guard, "/api/runs?offset=-1")[0] == 400


def test_a_run_and_a_file_that_are_not_there_are_said(guard: Guard):
    assert ask(guard, "/api/runs/nothing")[0] == 404
    assert ask(guard, "/static/..%2Fapp.py")[0] == 404
    assert ask(guard, "/static/app.py")[0] == 404


def test_the_page_needs_no_network_and_is_small():
    files = list(STATIC.iterdir())
    assert sum(path.stat().st_size for path in files) < 300_000
    for path in files:
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text
        assert "https://" not in text
        assert "innerHTML" not in text


def test_the_graph_has_what_matters_and_arrows_through_what_only_leads_on():
    found = layout(machine.of_definition(MACHINE, DEFINITION))
    assert [(node["name"], node["layer"], node["column"]) for node in found["nodes"]] == [
        ("IngestData", 0, 0),
        ("Promoted", 1, 0),
        ("Rejected", 1, 1),
    ]
    assert found["edges"] == [
        {"from": "IngestData", "to": "Promoted"},
        {"from": "IngestData", "to": "Rejected"},
    ]


def test_a_port_that_is_taken_is_said():
    first = _listen(0)
    with pytest.raises(ReadingError, match="is taken"):
        _listen(first.getsockname()[1])
    first.close()


@pytest.fixture
def address(stage: StageReader, rolls: Rolls) -> Iterator[str]:
    """The console as it is served."""
    listening = _listen(0)
    number = int(listening.getsockname()[1])
    server = uvicorn.Server(
        uvicorn.Config(make(stage, rolls, number, forecast), log_level="error", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{number}/"
    server.should_exit = True
    thread.join(10)
    listening.close()


def test_the_bill_is_told_by_group_with_what_would_lower_it(guard: Guard):
    found = json.loads(ask(guard, "/api/cost")[2])
    assert (found["month"], found["ceiling"]) == ("$90.80", "$150")
    idle = found["groups"][0]
    assert [item["item"] for item in idle["items"]] == ["endpoint", "MLflow app"]
    assert (idle["items"][0]["share"], idle["items"][0]["lower_by"]) == (1.0, "one")
    assert idle["items"][1]["expected"] == "unknown"


def test_an_app_that_can_not_be_synthesised_is_told_and_asked_again(stage: StageReader, rolls: Rolls):
    asked: list[int] = []

    def broken() -> Forecast:
        asked.append(1)
        raise ForecastError("pipeline.toml: gate.metric: is not one of ...")

    guard = make(stage, rolls, PORT, broken)
    for _ in range(2):
        status, _, body = ask(guard, "/api/cost")
        assert status == 502
        assert "gate.metric" in json.loads(body)["error"]
    assert len(asked) == 2


def test_drift_is_a_row_a_column_and_a_cell_a_window(guard: Guard, clients: Clients):
    tell(clients, "2026-11-28T13", drifted=False)
    tell(clients, "2026-11-28T14", drifted=True)
    found = json.loads(ask(guard, "/api/drift")[2])
    assert [window["hour"] for window in found["windows"]] == ["2026-11-28T13", "2026-11-28T14"]
    first = found["columns"][0]
    assert (first["name"], first["shares"], first["drifts"]) == ("median_income", [0.0, 0.4], [False, True])


def test_a_stage_without_a_monitor_and_one_that_has_not_run_are_told_apart(
    guard: Guard, stage: StageReader, clients: Clients
):
    assert json.loads(ask(guard, "/api/drift")[2])["watched"] is False
    watch(clients)
    assert views.drift(stage) == {"watched": True, "newest": None, "windows": [], "columns": []}


class Thousands:
    """A reader of a stage with ten thousand runs; it counts how many are read whole."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def runs(self, limit: int) -> tuple[Summary, ...]:
        at = datetime(2026, 11, 28, tzinfo=UTC)
        found = (
            Summary(name=f"run-{n:05}", arn=f"arn:{n}", status="SUCCEEDED", started_at=at, ended_at=at)
            for n in range(20_000)
        )
        return tuple(itertools.islice(found, limit))

    def runs_of(self, arns: Iterator[str]) -> tuple[Run, ...]:
        found = list(arns)
        self.read += found
        at = datetime(2026, 11, 28, tzinfo=UTC)
        return tuple(
            Run(
                name=arn,
                arn=arn,
                status="SUCCEEDED",
                started_at=at,
                ended_at=at,
                given={},
                document={},
                error="",
                cause="",
                visits=(),
            )
            for arn in found
        )


def test_of_ten_thousand_runs_only_those_shown_are_read_whole():
    reader = Thousands()
    found = Snapshots(cast(StageReader, reader)).runs(9_950, 50)
    assert (found["total"], found["is_cut"], len(found["runs"]), len(reader.read)) == (10_000, True, 50, 50)


CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parents[4] / "node_modules" / "axe-core" / "axe.min.js"
AXE_RUN = "async () => (await axe.run()).violations.map(v => [v.impact, v.id, v.nodes[0].target.join(' ')])"


@pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no Chromium at /usr/bin/chromium")
@pytest.mark.skipif(not AXE.exists(), reason="there is no axe-core: make node_modules/.ready")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_in_either_theme_and_nothing_hangs_over_on_a_phone(
    address: str, clients: Clients, theme: Any, width: int
):
    from playwright.sync_api import sync_playwright

    register(clients, CHAMPION, promoted_at="2026-11-22T02:50:00+00:00")
    serve(clients, CHAMPION)
    tell(clients, "2026-11-28T14", drifted=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(color_scheme=theme, viewport={"width": width, "height": 800})
        page.goto(address)
        page.wait_for_selector("svg .node")
        page.locator("#cost").scroll_into_view_if_needed()
        page.wait_for_selector(".bill")
        page.wait_for_selector(".heat")
        page.get_by_role("button", name="Reject 1").first.wait_for()
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert page.evaluate(AXE_RUN) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("button", name="Reject 1").click()
        assert page.evaluate(AXE_RUN) == []
        browser.close()


@pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no Chromium at /usr/bin/chromium")
def test_in_a_browser_the_page_lives_and_a_rollback_is_asked_back(
    address: str, clients: Clients, rolls: Rolls
):
    from playwright.sync_api import sync_playwright

    register(clients, CHAMPION, promoted_at="2026-11-22T02:50:00+00:00")
    register(clients, "housing-dev-fedcba9876543210", promoted_at="2026-11-23T02:50:00+00:00")
    serve(clients, "housing-dev-fedcba9876543210")
    faults: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto(address)
        page.get_by_text("live", exact=True).wait_for()
        page.wait_for_selector("svg .node")
        assert page.locator("#facts").inner_text().count("version 2") == 1
        assert "No runs" in page.locator("#run-rows").inner_text()
        page.get_by_role("button", name="Roll back to 1").click()
        dialog = page.get_by_role("dialog")
        assert "deployed again by the usual canary" in dialog.inner_text()
        dialog.get_by_role("button", name="Leave it").click()
        assert rolls.asked == []
        page.get_by_role("button", name="Roll back to 1").click()
        dialog.get_by_label("Reason").fill("complaints")
        with page.expect_response("**/api/rollback"):
            dialog.get_by_role("button", name="Do it").click()
        assert rolls.asked == [(1, "complaints")]
        browser.close()
    assert faults == []


@pytest.fixture
def pending(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that asks, and version 1 that waits."""
    events = Events()
    events.enter("RequestApproval")
    evaluation = {"metric": "rmse_error", "challenger": {"rmse_error": 42.0}, "champion": None}
    document = {"registration": {"model_package_version": 1}, "evaluation": evaluation}
    waits = run("RUNNING", document=document, events=events)
    monkeypatch.setattr(StageReader, "asks_a_person", lambda self: True)
    monkeypatch.setattr(StageReader, "runs_of", lambda self, arns: (waits,))


def test_a_stage_that_asks_nobody_shows_that(guard: Guard):
    assert json.loads(ask(guard, "/api/approvals")[2]) == {"asks": False, "waiting": []}
    status, _, body = ask(guard, "/api/approve", change(guard), {"version": 1})
    assert status == 400
    assert b"does not wait" in body


def test_a_model_that_waits_is_shown_with_its_figures_and_approved(
    guard: Guard, stage: StageReader, clients: Clients, pending: None
):
    register(clients, CHAMPION, status="PendingManualApproval")
    (one,) = json.loads(ask(guard, "/api/approvals")[2])["waiting"]
    assert (one["version"], one["challenger"], one["champion"]) == (1, 42.0, None)
    assert "rmse_error 42" in one["words"]
    status, _, _ = ask(guard, "/api/approve", change(guard), {"version": 1, "reason": "I looked"})
    assert status == 200
    assert (stage.model(1).status, stage.model(1).reason) == ("Approved", "I looked")


def test_nothing_is_approved_without_the_pages_token_or_before_it_waits(
    guard: Guard, stage: StageReader, clients: Clients, pending: None
):
    for _ in range(2):
        register(clients, CHAMPION, status="PendingManualApproval")
    forged = change(guard, **{"x-greenlight-token": "x"})
    assert ask(guard, "/api/approve", forged, {"version": 1})[0] == 403
    assert ask(guard, "/api/approve", OWN, {"version": 1})[0] == 403
    assert ask(guard, "/api/approve", change(guard), {"version": 2})[0] == 400
    assert ask(guard, "/api/approve", change(guard), {"version": True})[0] == 400
    assert {model.status for model in stage.models()} == {"PendingManualApproval"}
