"""Listens, serves, and leaves in good order. One process a core, all on one port."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time

import uvloop

from inference.http.connections import Connections
from inference.http.logs import log
from inference.http.protocol import HttpProtocol
from inference.http.request_deadline import RequestDeadline
from inference.http.service import Service
from inference.http.settings import ServerSettings
from inference.http.supervisor import Beat, Supervisor
from inference.model import shift

_BACKLOG = 2048
_SWEEP_SECONDS = 1.0
_REPORT_SECONDS = 0.5


def serve(settings: ServerSettings) -> int:
    """Serve until SIGTERM or SIGINT; the exit status."""
    return Supervisor(settings, lambda settings, beat: uvloop.run(run_worker(settings, beat))).run()


async def run_worker(settings: ServerSettings, beat: Beat) -> None:
    """One process: load the model, answer, drain; `beat` is called as long as it does."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    service = Service.load(settings)
    service.deadline = RequestDeadline(settings.request_seconds)
    connections = Connections(service, settings)
    server = await loop.create_server(
        lambda: HttpProtocol(connections), sock=_listen(settings), backlog=_BACKLOG
    )
    beat()
    log("serving", port=settings.port, process=os.getpid())
    helpers = [asyncio.create_task(_sweep(connections, beat)), asyncio.create_task(_report(connections))]
    await stop.wait()
    log("draining", connections=len(connections))
    server.close()
    await _drain(connections, settings)
    for helper in helpers:
        helper.cancel()
    log("stopped", process=os.getpid())


def _listen(settings: ServerSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if settings.workers > 1:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise SystemExit(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
    listener.setblocking(False)
    return listener


async def _sweep(connections: Connections, beat: Beat) -> None:
    while True:
        beat()
        await asyncio.sleep(_SWEEP_SECONDS)
        connections.sweep(time.monotonic())


async def _report(connections: Connections) -> None:
    """Say how far the latest answers are from training's; a metric filter reads the line."""
    config = {shift.CONFIG_FIELD: connections.settings.endpoint_config_name}
    measured = connections.service.shift
    while measured:
        await asyncio.sleep(_REPORT_SECONDS)
        if reading := measured.take():
            log(shift.EVENT, count=reading.number, **config, **{shift.SHIFT_FIELD: reading.shift})


async def _drain(connections: Connections, settings: ServerSettings) -> None:
    connections.drain()
    end = time.monotonic() + settings.drain_seconds
    while len(connections) and time.monotonic() < end:
        await asyncio.sleep(0.01)
