"""`greenlight console`: serves the page on loopback until Ctrl-C."""

from __future__ import annotations

import socket
import webbrowser
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from operations.cli import project
from operations.cli.acting import _deployed
from operations.cli.asking import Asked, fail, telling
from operations.cli.exits import Exit

if TYPE_CHECKING:
    from operations.cost.stage import Forecast

PORT = 8731


def console(
    asked: Asked,
    port: Annotated[
        int, typer.Option(help="On 127.0.0.1; 0 takes any that is free.", min=0, max=65535)
    ] = PORT,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Say where it is, and open nothing.")
    ] = False,
) -> Exit | None:
    """Watch the stage live in a browser: pipeline, runs, models, traffic, alarms, reports."""
    reader = asked.reader
    with telling("starting the console ..."):
        import uvicorn

        from operations import rollback as rolling
        from operations.console.app import make
        from operations.reading.errors import ReadingError, explained

    def roll(version: int | None, reason: str, now: datetime) -> str:
        with explained():
            try:
                return rolling.start(_deployed(asked), version=version, reason=reason, now=now)
            except rolling.NothingToRollBackError as error:
                raise ReadingError(f"{error}.") from None

    def forecast() -> Forecast:
        from operations.cost.stage import forecast_of

        return forecast_of(project.app_root(), asked.stage)

    listening = _listen(port)
    number = int(listening.getsockname()[1])
    address = f"http://127.0.0.1:{number}/"
    server = uvicorn.Server(
        uvicorn.Config(make(reader, roll, number, forecast), log_level="warning", timeout_graceful_shutdown=1)
    )
    asked.out.line(f"{address} shows {reader.stack.name}. Ctrl-C ends it.")
    asked.out.document({"address": address})
    if not no_browser and not asked.as_json:
        webbrowser.open(address)
    try:
        server.run(sockets=[listening])
    finally:
        listening.close()
    return None


def _listen(port: int) -> socket.socket:
    """Bind before anything is said, so that a port that is taken is told in words."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen()
    except OSError as error:
        listening.close()
        fail(f"Port {port} of this machine is taken ({error.strerror}).", "Take another: --port 0")
    return listening
