"""A ministack as it comes, on a port of its own, with nothing of the embedded cloud in it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

from localcloud.ministack_adapter.faults import (
    iam_wildcards_end_at_a_line,
    s3_events_without_version,
    s3_refuses_kms_without_key,
)

FAULTS = (iam_wildcards_end_at_a_line, s3_events_without_version, s3_refuses_kms_without_key)
_HOST = "127.0.0.1"
_START_SECONDS = 120.0


@contextlib.contextmanager
def plain_ministack() -> Iterator[Callable[[str], Any]]:
    """Makes clients of it; it ends with the context."""
    import boto3

    with socket.socket() as free:
        free.bind((_HOST, 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="ministack-") as folder:
        given = {"BIND_HOST": _HOST, "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env={**inherited, **given, "TMPDIR": folder, "HOME": folder},
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(port, process)
            yield lambda service: boto3.client(
                service,
                endpoint_url=f"http://{_HOST}:{port}",
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",  # noqa: S106 - ministack's own root
            )
        finally:
            process.terminate()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((_HOST, port), 1.0):
            return
        time.sleep(0.05)
    raise RuntimeError(f"ministack did not start on port {port}")
