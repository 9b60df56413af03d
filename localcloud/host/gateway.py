"""The gateway: ministack in this process, behind a socket on loopback, with the cloud's own plug-ins."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from localcloud.host.options import ACCOUNT, REGION

HOST = "127.0.0.1"
_Message = MutableMapping[str, Any]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[Any, Any, _Send], Awaitable[None]]


class PortBusyError(Exception):
    """Another program listens on the port asked for."""


def listen(port: int) -> socket.socket:
    """A listening socket on loopback, or PortBusyError; port 0 takes any free one."""
    gateway = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    gateway.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        gateway.bind((HOST, port))
    except OSError as error:
        gateway.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise PortBusyError(
                f"Port {port} of {HOST} cannot be used ({error.strerror}). Stop the program that holds it,"
                " or choose another with --port N (--port 0 takes any free one)."
            ) from None
        raise
    gateway.listen(1024)
    gateway.set_inheritable(False)
    return gateway


def configure_environment(port: int, services_dir: Path, objects_dir: Path) -> None:
    """Set what ministack reads at import: call it before anything imports ministack."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "MINISTACK_", "LOCALSTACK_"))]:
        del os.environ[name]
    os.environ.pop("DOCKER_HOST", None)
    os.environ.pop("SERVICES", None)
    os.environ.update(
        {
            "AUTH": "true",
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": HOST,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(services_dir),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(objects_dir),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_STRICT": "0",
        }
    )


def log_to(path: Path) -> None:
    """Send every log line of this process to a file that cannot grow without bound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=20_000_000, backupCount=1)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("hypercorn.access").setLevel(logging.WARNING)
    for name in ("botocore", "urllib3", "boto3"):
        logging.getLogger(name).setLevel(logging.WARNING)


async def serve(app: _App, gateway: socket.socket, stopping: asyncio.Event) -> None:
    """Serve HTTP on the socket until `stopping` is set; connections then get a short grace."""
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{gateway.fileno()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.2
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")

    async def stopped() -> None:
        await stopping.wait()

    await hypercorn_serve(app, config, shutdown_trigger=stopped)


def when_started(app: _App, on_started: Callable[[], None]) -> _App:
    """The app, calling `on_started` on the event loop once its state is loaded and before it serves."""

    async def wrapped(scope: Any, receive: Any, send: _Send) -> None:
        if scope["type"] != "lifespan":
            return await app(scope, receive, send)

        async def announcing(message: _Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                on_started()
            await send(message)

        return await app(scope, receive, announcing)

    return wrapped
