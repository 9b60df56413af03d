import asyncio
import threading
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from localcloud.host.clock import Clock
from localcloud.services.sagemaker.hosting.fleet import start_limit
from localcloud.services.sagemaker.hosting.fleet.fleet import Fleet, FleetError, Variant
from localcloud.services.sagemaker.logs import LogStream
from localcloud.tests.services.sagemaker.fakes import FakePlatform
from localcloud.tests.services.sagemaker.fleets import PROGRAM

CONFIG = {"VariantName": "AllTraffic", "ModelName": "m", "InitialInstanceCount": 2}


class Server:
    """A container that is a thread: it answers /ping, and /invocations when it is let."""

    def __init__(self, port: int, ping_status: int, *, dead: bool) -> None:
        self.port = port
        self.pid = None
        self.ended = dead
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._callbacks: list[Callable[[], None]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format, *args):
                return

            def do_GET(self):
                self._answer(ping_status)

            def do_POST(self):
                server.may_answer.wait(10)
                self._answer(200)

            def _answer(self, status):
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        if dead:
            return
        self._http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def when_done(self, callback):
        if self.ended:
            callback()
        self._callbacks.append(callback)

    def kill(self):
        self.terminate(0)

    def terminate(self, grace_seconds):
        if not self.ended:
            self.ended = True
            self._http.shutdown()
            self._http.server_close()
            for callback in self._callbacks:
                callback()


class Machine:
    """Starts containers, some of which end at once or never pass a ping."""

    def __init__(self, tmp_path: Path, count: int = 2) -> None:
        self.servers: list[Server] = []
        self.stillborn = 0
        self.ping_status = 200
        self.lines: list[str] = []
        self.on_second_start: Callable[[Server], None] = lambda server: None
        platform = FakePlatform(tmp_path)
        variant = Variant({**CONFIG, "InitialInstanceCount": count}, PROGRAM, 1.0)
        self.fleet = Fleet(
            "config",
            [variant],
            tmp_path / "fleet",
            Clock(1000.0),
            cast(Any, self._start),
            lambda variant, instance: LogStream(platform, "group", f"{variant}/{instance}"),
        )
        self.variant = variant

    @property
    def running(self) -> list[Server]:
        return [server for server in self.servers if not server.ended]

    def _start(self, spec, on_line, *, work_dir):
        server = Server(int(spec.env["SAGEMAKER_BIND_TO_PORT"]), self.ping_status, dead=self.stillborn > 0)
        self.stillborn -= server.ended
        for line in self.lines:
            on_line(line)
        self.servers.append(server)
        if len(self.servers) == 2:
            self.on_second_start(server)
        return server


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(30):
            await work()

    asyncio.run(limited())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def test_a_fleet_is_ready_when_every_instance_answers_its_ping(tmp_path):
    machine = Machine(tmp_path)

    async def work():
        await machine.fleet.start()
        assert machine.fleet.ready.is_set()
        assert machine.fleet.whole
        await machine.fleet.stop()
        assert machine.running == []

    run(work)


def test_a_container_that_ends_while_it_starts_is_started_again(tmp_path):
    machine = Machine(tmp_path)
    machine.stillborn = 1

    async def work():
        await machine.fleet.start()
        assert len(machine.servers) == 3
        await machine.fleet.stop()

    run(work)


def test_a_fleet_that_never_passes_its_ping_fails_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(start_limit, "LEAST_WALL_SECONDS", 0.3)
    machine = Machine(tmp_path)
    machine.ping_status = 503
    machine.lines = ["no kernel", "giving up"]

    async def work():
        said = "variant AllTraffic did not pass the ping health check.*last lines: no kernel [|] giving up"
        with pytest.raises(FleetError, match=said):
            await machine.fleet.start()
        assert machine.running == []
        assert not (tmp_path / "fleet").exists()

    run(work)


def test_a_container_that_is_ending_while_the_fleet_fails_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(start_limit, "LEAST_WALL_SECONDS", 0.3)
    machine = Machine(tmp_path)
    machine.ping_status = 503
    asked_again = threading.Event()

    def stubborn(server):
        end = server.terminate
        asked = []

        def terminate(grace_seconds):
            asked.append(grace_seconds)
            if len(asked) > 1:
                asked_again.set()
            asked_again.wait(5)
            end(grace_seconds)

        server.terminate = terminate

    machine.on_second_start = stubborn

    async def work():
        with pytest.raises(FleetError):
            await machine.fleet.start()
        assert machine.running == []

    run(work)


def test_an_instance_that_crashes_is_replaced_while_the_other_serves(tmp_path):
    machine = Machine(tmp_path)

    async def work():
        await machine.fleet.start()
        await asyncio.to_thread(machine.servers[0].kill)
        await until(lambda: not machine.fleet.whole)
        assert len(machine.variant.healthy) == 1
        await until(lambda: machine.fleet.whole)
        assert len(machine.running) == 2
        await machine.fleet.stop()

    run(work)


def test_stopping_lets_the_requests_under_way_finish(tmp_path):
    machine = Machine(tmp_path, count=1)

    async def work():
        await machine.fleet.start()
        (instance,), (server,) = machine.variant.healthy, machine.running
        server.may_answer.clear()
        asked = asyncio.ensure_future(instance.send("/invocations", [], b"", 10.0))
        await until(lambda: instance.in_flight == 1)
        stopping = asyncio.ensure_future(machine.fleet.stop())
        await asyncio.sleep(0)
        server.may_answer.set()
        assert (await asked).status == 200
        await stopping
        assert machine.running == []

    run(work)


def test_a_variant_grows_and_shrinks_in_place(tmp_path):
    machine = Machine(tmp_path, count=1)

    async def work():
        await machine.fleet.start()
        await machine.fleet.resize("AllTraffic", 3)
        assert len(machine.variant.healthy) == 3
        await machine.fleet.resize("AllTraffic", 1)
        assert len(machine.running) == 1
        assert machine.variant.count == 1
        await machine.fleet.stop()

    run(work)


def test_a_crashed_instance_that_is_wanted_no_more_is_not_replaced(tmp_path):
    machine = Machine(tmp_path)

    async def work():
        await machine.fleet.start()
        machine.variant.config = {**machine.variant.config, "InitialInstanceCount": 1}
        await asyncio.to_thread(machine.servers[0].kill)
        await until(lambda: len(machine.fleet._keepers) == 1)
        assert len(machine.servers) == 2
        assert machine.fleet.whole
        await machine.fleet.stop()

    run(work)


def test_giving_up_a_fleet_that_is_starting_leaves_no_container(tmp_path):
    machine = Machine(tmp_path)
    machine.ping_status = 503

    async def work():
        starting = asyncio.ensure_future(machine.fleet.start())
        await until(lambda: len(machine.servers) == 2)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        assert machine.running == []

    run(work)
