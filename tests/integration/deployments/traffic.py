"""Constant traffic on an endpoint, from a process of its own: python -m ... ENDPOINT RATE BODY.

Requests leave on schedule whether or not earlier ones were answered, and none is sent twice. It ends when its
standard input does, and prints one JSON list per request: when it was sent and answered (epoch seconds), the
HTTP status (0: no answer) and the answer's text.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

MAX_IDLE_SECONDS = 1.0
"""A connection that has been idle for longer is not used again: the server may be closing it."""
PATIENCE_SECONDS = 30.0


class Sent(NamedTuple):
    """One request and what came of it."""

    sent: float
    answered: float
    status: int
    answer: str


class Traffic:
    """The process, seen from the test: a context that ends it."""

    def __init__(self, environment: Mapping[str, str], endpoint: str, rate: float, body: str) -> None:
        command = [sys.executable, "-m", "tests.integration.deployments.traffic", endpoint, str(rate), body]
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.requests: list[Sent] = []
        assert self._process.stdout is not None
        self._process.stdout.readline()  # the first answer has come

    def __enter__(self) -> Traffic:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> list[Sent]:
        """Send no more, and wait for what is under way."""
        if not self.requests:
            out, _ = self._process.communicate(timeout=2 * PATIENCE_SECONDS)
            self.requests = [Sent(*json.loads(line)) for line in out.splitlines()]
        return self.requests


class _Client:
    def __init__(self, endpoint: str, body: bytes) -> None:
        self._address = urlsplit(os.environ["AWS_ENDPOINT_URL"])
        self._message = _request(self._address.geturl(), endpoint, body)
        self._idle: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.done: list[Sent] = []

    async def ask(self) -> None:
        sent = time.time()
        try:
            status, answer = await asyncio.wait_for(self._exchange(), PATIENCE_SECONDS)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as problem:
            status, answer = 0, repr(problem)
        self.done.append(Sent(sent, time.time(), status, answer))

    async def _exchange(self) -> tuple[int, str]:
        reader, writer = await self._connection()
        try:
            writer.write(self._message)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0])
            answer = await reader.readexactly(length)
        except BaseException:
            writer.close()
            raise
        if "connection: close" in head:
            writer.close()
        else:
            self._idle.append((time.monotonic(), reader, writer))
        return int(head.split(" ", 2)[1]), answer.decode().strip()

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            since, reader, writer = self._idle.pop()
            if time.monotonic() - since < MAX_IDLE_SECONDS and not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self._address.hostname, self._address.port)


def _request(url: str, endpoint: str, body: bytes) -> bytes:
    """The request's bytes, signed once: a signature is good for a quarter of an hour."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    path = f"/endpoints/{endpoint}/invocations"
    keys = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    headers = {"Content-Type": "text/csv", "Accept": "text/csv", "Content-Length": str(len(body))}
    signed = AWSRequest("POST", url.rstrip("/") + path, headers=headers, data=body)
    SigV4Auth(keys, "sagemaker", os.environ["AWS_REGION"]).add_auth(signed)
    lines = [f"POST {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}"]
    lines += [f"{name}: {value}" for name, value in signed.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def _send(client: _Client, rate: float) -> None:
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await client.ask()
    print("begun", flush=True)
    start, number = time.monotonic(), 0
    asked: set[asyncio.Task[None]] = set()
    while not ended.done():
        while number < (time.monotonic() - start) * rate:
            task = asyncio.create_task(client.ask())
            asked.add(task)
            task.add_done_callback(asked.discard)
            number += 1
        await asyncio.sleep(1 / rate)
    await asyncio.gather(*asked)


if __name__ == "__main__":
    made = _Client(sys.argv[1], sys.argv[3].encode())
    asyncio.run(_send(made, float(sys.argv[2])))
    for request in made.done:
        print(json.dumps(request))
