import asyncio
from collections.abc import Awaitable, Callable

import pytest

from localcloud.services.sagemaker.hosting.fleet.http import BrokenError, Pool, UnreachableError

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 2\r\n\r\nhi"
Exchange = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def served(exchange: Exchange, client):
    """Run `client(pool)` against a server that handles each connection with `exchange`."""

    async def run():
        connections: list[asyncio.Task[None]] = []

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await exchange(reader, writer)
            except asyncio.IncompleteReadError:
                return
            finally:
                writer.close()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.append(asyncio.get_running_loop().create_task(handle(reader, writer)))

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        pool = Pool(server.sockets[0].getsockname()[1])
        try:
            return await client(pool)
        finally:
            pool.close()
            server.close()
            await asyncio.gather(*connections)
            await asyncio.sleep(0)

    return asyncio.run(run())


async def request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head + await reader.readexactly(length)


async def ask(pool, body=b"", timeout=5.0):
    return await pool.send("POST", "/invocations", [("Content-Type", "text/csv")], body, timeout)


def test_a_connection_is_used_again():
    connections = []

    async def exchange(reader, writer):
        connections.append(writer)
        while True:
            received = await request(reader)
            assert received.startswith(b"POST /invocations HTTP/1.1\r\n")
            writer.write(OK)

    async def client(pool):
        return [await ask(pool, b"1,2") for _ in range(3)]

    answers = served(exchange, client)
    assert [(answer.status, answer.body, answer.headers["content-type"]) for answer in answers] == [
        (200, b"hi", "text/csv")
    ] * 3
    assert len(connections) == 1


def test_chunked_answers_are_put_together():
    async def exchange(reader, writer):
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await writer.drain()
        writer.write(b"2\r\nde\r\n0\r\n\r\n")

    assert served(exchange, ask).body == b"abcde"


def test_a_kept_connection_that_was_closed_is_replaced_without_a_loss():
    async def exchange(reader, writer):
        await request(reader)
        writer.write(OK)
        await writer.drain()
        writer.close()

    async def client(pool):
        return [(await ask(pool)).status for _ in range(3)]

    assert served(exchange, client) == [200, 200, 200]


def test_an_answer_that_breaks_off_is_told():
    async def exchange(reader, writer):
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal")
        await writer.drain()
        writer.close()

    with pytest.raises(BrokenError):
        served(exchange, ask)


def test_what_is_not_http_is_told():
    async def exchange(reader, writer):
        await request(reader)
        writer.write(b"SSH-2.0\r\n\r\n")

    with pytest.raises(BrokenError):
        served(exchange, ask)


def test_a_container_that_does_not_answer_is_given_up():
    async def exchange(reader, writer):
        await request(reader)
        await reader.read()
        writer.close()

    async def client(pool):
        return await ask(pool, timeout=0.01)

    with pytest.raises(TimeoutError):
        served(exchange, client)


def test_nobody_listening_means_that_nothing_was_taken():
    async def exchange(reader, writer):
        writer.close()

    async def client(pool):
        return await ask(Pool(1))

    with pytest.raises(UnreachableError):
        served(exchange, client)
