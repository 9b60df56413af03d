"""The tracking server behind one MLflow app: MLflow's own server program, as its CLI starts it.

`mlflow server` prepares the database and then becomes a uvicorn worker of `mlflow.server.fastapi_app`; the
worker is started directly, behind a guard, which takes a quarter of the time and of the memory. Its
settings are the environment variables that the CLI hands to it (mlflow/server/constants.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import localcloud
from localcloud.services.sagemaker.errors import ServiceUnavailableError
from localcloud.services.sagemaker.hosting.fleet.http import HOST, Pool
from localcloud.services.sagemaker.mlflow.guard import HEADER, SECRET_VARIABLE

READY_SECONDS = 60.0
POLL_SECONDS = 0.05
Spawn = Callable[..., "subprocess.Popen[bytes]"]


class MlflowServer:
    """One server process, started when it is first needed and again when it died."""

    def __init__(
        self, directory: Path, artifact_uri: str, environment: Mapping[str, str], spawn: Spawn
    ) -> None:
        self._directory = directory
        self._artifact_uri = artifact_uri
        self._environment = environment
        self._spawn = spawn
        self._process: subprocess.Popen[bytes] | None = None
        self._pool: Pool | None = None
        self._starting = asyncio.Lock()
        self._stopped = False
        self.port = 0
        self.secret = secrets.token_hex(32)
        """What the gateway says to be let in."""

    async def pool(self) -> Pool:
        """Connections to the running server; waits until it answers."""
        async with self._starting:
            if self._process is None or self._process.poll() is not None:
                if self._stopped:
                    raise ServiceUnavailableError("The MLflow app is being deleted.")
                await self._start()
            assert self._pool is not None  # noqa: S101 - set by _start
            return self._pool

    def stop(self) -> None:
        """End the server for good."""
        self._stopped = True
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    async def _start(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self.port = _free_port()
        self._process = await asyncio.to_thread(self._launch)
        self._pool = Pool(self.port)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + READY_SECONDS
        while loop.time() < deadline and self._process.poll() is None:
            with contextlib.suppress(ConnectionError, TimeoutError):
                if (
                    await self._pool.send("GET", "/version", [(HEADER, self.secret)], b"", 5.0)
                ).status == 200:
                    return
            await asyncio.sleep(POLL_SECONDS)
        log = self._directory / "server.log"
        raise ServiceUnavailableError(f"The MLflow server did not start; see {log}")

    def _launch(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "uvicorn", "--host", HOST, "--port", str(self.port)]
        command += [
            "--workers",
            "1",
            "--log-level",
            "warning",
            "localcloud.services.sagemaker.mlflow.guarded:app",
        ]
        with (self._directory / "server.log").open("ab") as log:
            return self._spawn(
                command, env=self._variables(), cwd=self._directory, stdout=log, stderr=subprocess.STDOUT
            )

    def _variables(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self._directory),
            "PYTHONPATH": str(Path(localcloud.__file__).resolve().parents[1]),
            SECRET_VARIABLE: self.secret,
            **self._environment,
            "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{self._directory}/mlflow.db",
            "_MLFLOW_SERVER_ARTIFACT_ROOT": self._artifact_uri,
            "_MLFLOW_SERVER_ARTIFACT_DESTINATION": self._artifact_uri,
            "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "OMP_NUM_THREADS": "1",
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
