"""The console's addresses: a page, what it reads, and the three things that it may change."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from operations.cli.output import plain
from operations.cli.runs import as_document
from operations.console import views
from operations.console.graph import layout
from operations.console.guard import Guard, guarded
from operations.console.snapshot import Snapshots
from operations.reading.errors import NotThereError, ReadingError
from operations.reading.stage import StageReader

if TYPE_CHECKING:
    from operations.cost.stage import Forecast

STATIC = Path(__file__).with_name("static")
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
PAGE_SIZE = 50
# What a report may do: show itself. It comes from a bucket, and is nobody's script.
REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
Roll = Callable[[int | None, str, datetime], str]


def make(reader: StageReader, roll: Roll, port: int, forecast: Callable[[], Forecast]) -> Guard:
    """The app behind its guard. `roll` starts a rollback (version, reason, now) and gives the run's ARN;
    `forecast` says what the stage will cost, after some seconds."""
    console = _Console(reader, roll, forecast)
    routes = [
        Route("/", console.page),
        Route("/static/{name}", console.static),
        Route("/api/live", console.live),
        Route("/api/now", console.now),
        Route("/api/machine", console.machine),
        Route("/api/runs", console.runs),
        Route("/api/runs/{name}", console.run),
        Route("/api/models", console.models),
        Route("/api/approvals", console.approvals),
        Route("/api/drift", console.drift),
        Route("/api/cost", console.cost),
        Route("/report/{name}", console.report),
        Route("/api/rollback", console.rollback, methods=["POST"]),
        Route("/api/approve", console.approve, methods=["POST"]),
        Route("/api/reject", console.reject, methods=["POST"]),
    ]
    handlers: Any = {ReadingError: _refused, HTTPException: _http, ValueError: _bad}
    guard = Guard(Starlette(routes=routes, exception_handlers=handlers), port)
    console.token = guard.token
    return guard


async def _refused(_: Request, error: ReadingError) -> Response:
    status = 404 if isinstance(error, NotThereError) else 502
    return guarded(JSONResponse({"error": error.what, "way_on": error.way_on}, status))


async def _http(_: Request, error: HTTPException) -> Response:
    return guarded(JSONResponse({"error": error.detail, "way_on": ""}, error.status_code))


async def _bad(_: Request, error: ValueError) -> Response:
    return guarded(JSONResponse({"error": str(error), "way_on": ""}, 400))


class _Console:
    """One handler an address; what asks the cloud does so in a thread."""

    def __init__(self, reader: StageReader, roll: Roll, forecast: Callable[[], Forecast]) -> None:
        self._reader, self._roll = reader, roll
        self._snapshots = Snapshots(reader)
        self._drift = views.Kept(lambda: views.drift(reader), views.DRIFT_AGE_SECONDS)
        self._approvals = views.Kept(lambda: views.approvals(reader), views.APPROVALS_AGE_SECONDS)
        self._cost = views.Kept(lambda: views.cost(forecast), float("inf"))
        self.token = ""

    async def page(self, _: Request) -> Response:
        text = (STATIC / "index.html").read_text(encoding="utf-8")
        return guarded(HTMLResponse(text.replace("{{token}}", self.token)))

    async def static(self, request: Request) -> Response:
        path = STATIC / request.path_params["name"]
        if path.name not in {item.name for item in STATIC.iterdir()} or path.suffix not in KINDS:
            raise HTTPException(404, "no such file")
        return guarded(Response(path.read_bytes(), media_type=KINDS[path.suffix]))

    async def now(self, _: Request) -> Response:
        return guarded(JSONResponse(await run_sync(self._snapshots.newest)))

    async def live(self, request: Request) -> Response:
        """Server-sent events: a snapshot whenever it has changed, and a comment else, so that a lost
        connection is noticed."""

        async def events() -> AsyncIterator[str]:
            told = ""
            while not await request.is_disconnected():
                text = json.dumps(await run_sync(self._snapshots.newest))
                yield f"data: {text}\n\n" if text != told else ": still here\n\n"
                told = text
                await anyio.sleep(1.0)

        return guarded(StreamingResponse(events(), media_type="text/event-stream"))

    async def machine(self, _: Request) -> Response:
        return guarded(JSONResponse(layout(await run_sync(self._reader.machine))))

    async def runs(self, request: Request) -> Response:
        offset, text = int(request.query_params.get("offset", 0)), request.query_params.get("text", "")
        if offset < 0:
            raise ValueError("offset must not be negative")
        return guarded(JSONResponse(await run_sync(lambda: self._snapshots.runs(offset, PAGE_SIZE, text))))

    async def run(self, request: Request) -> Response:
        def read() -> dict[str, Any]:
            run = self._reader.run(request.path_params["name"])
            evaluation = run.part("evaluation")
            figures = {role: evaluation.get(role) for role in ("challenger", "champion")}
            return {
                **as_document(run),
                "lineage": plain(self._reader.lineage(run)),
                "figures": figures,
                "metric": evaluation.get("metric"),
                "has_report": bool(evaluation.get("report_html_uri")),
            }

        return guarded(JSONResponse(await run_sync(read)))

    async def models(self, _: Request) -> Response:
        return guarded(JSONResponse(plain(await run_sync(lambda: self._reader.models(limit=50)))))

    async def drift(self, _: Request) -> Response:
        return guarded(JSONResponse(await run_sync(self._drift.get)))

    async def cost(self, _: Request) -> Response:
        return guarded(JSONResponse(await run_sync(self._cost.get)))

    async def report(self, request: Request) -> Response:
        def read() -> bytes:
            run = self._reader.run(request.path_params["name"])
            uri = str(run.part("evaluation").get("report_html_uri", ""))
            if not uri:
                raise NotThereError("This run has no report: it ended before a model was judged.")
            return self._reader.page(uri)

        headers = {"content-security-policy": REPORT_POLICY}
        return guarded(HTMLResponse(await run_sync(read), headers=headers))

    async def rollback(self, request: Request) -> Response:
        given = await _object(request)
        version, reason = given.get("version"), str(given.get("reason", ""))
        if version is not None and (not isinstance(version, int) or isinstance(version, bool) or version < 1):
            raise ValueError("version must be a model's number")
        arn = await run_sync(lambda: self._roll(version, reason, datetime.now(UTC)))
        return guarded(JSONResponse({"run": arn.rpartition(":")[2]}, 202))

    async def approvals(self, _: Request) -> Response:
        return guarded(JSONResponse(await run_sync(self._approvals.get)))

    async def approve(self, request: Request) -> Response:
        """Only what waits: an approval that nobody asked for would deploy nothing, and say it was done."""
        version, reason = _wish(await _object(request))

        def change() -> None:
            waiting = self._reader.pending() if self._reader.asks_a_person() else ()
            if version not in {pending.version for pending in waiting}:
                raise ValueError(f"version {version} does not wait for anybody")
            self._reader.decide(version, "Approved", reason)

        await run_sync(change)
        self._approvals.forget()
        return guarded(JSONResponse({"version": version, "status": "Approved"}))

    async def reject(self, request: Request) -> Response:
        version, reason = _wish(await _object(request))
        await run_sync(lambda: self._reader.decide(version, "Rejected", reason))
        self._approvals.forget()
        return guarded(JSONResponse({"version": version, "status": "Rejected"}))


def _wish(given: dict[str, Any]) -> tuple[int, str]:
    version = given.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise ValueError("version must be a model's number")
    return version, str(given.get("reason", ""))


async def _object(request: Request) -> dict[str, Any]:
    found = json.loads(await request.body() or b"{}")
    if not isinstance(found, dict):
        raise ValueError("the body must be a JSON object")
    return found
