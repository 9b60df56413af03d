"""Serverless MLflow apps: CreateMlflowApp and its kin, and the tracking server of each."""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
import string
import time
from pathlib import Path

from localcloud.services.sagemaker.access.caller import Caller, pass_role
from localcloud.services.sagemaker.access.roles import Roles
from localcloud.services.sagemaker.errors import ResourceNotFoundError, SageMakerError
from localcloud.services.sagemaker.mlflow import guard
from localcloud.services.sagemaker.mlflow.server import MlflowServer, Spawn
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.requests.listing import Listing, pick
from localcloud.services.sagemaker.requests.names import Names
from localcloud.services.sagemaker.requests.tags import Operation, Tags
from localcloud.services.sagemaker.store import Document, Store

log = logging.getLogger("localcloud.services.sagemaker")

KIND = "mlflow-app"
_LINK_SECONDS, _SESSION_SECONDS = 300, 43_200  # CreatePresignedMlflowAppUrl's own
_SUMMARY = ("Arn", "Name", "Status", "CreationTime", "LastModifiedTime", "MlflowVersion")
_UPDATED = (
    "Name",
    "ArtifactStoreUri",
    "ModelRegistrationMode",
    "WeeklyMaintenanceWindowStart",
    "DefaultDomainIdList",
    "AccountDefaultStatus",
)


class MlflowApps:
    """All MLflow apps of the account."""

    def __init__(
        self, store: Store, names: Names, tags: Tags, platform: Platform, roles: Roles, spawn: Spawn
    ) -> None:
        self._table = store.table(KIND)
        self._names = names
        self._tags = tags
        self._platform = platform
        self._roles = roles
        self._spawn = spawn
        self._servers: dict[str, MlflowServer] = {}
        self._starts: set[asyncio.Task[None]] = set()

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateMlflowApp": self.create,
            "DescribeMlflowApp": self.describe,
            "ListMlflowApps": self.list_all,
            "UpdateMlflowApp": self.update,
            "DeleteMlflowApp": self.delete,
            "CreatePresignedMlflowAppUrl": self.presign,
        }

    def known(self, arn: str) -> Document:
        """An app's record; ResourceNotFoundError when there is none."""
        record = self._table.get(arn)
        if record is None:
            raise ResourceNotFoundError(f"MLflow App {arn} does not exist.")
        return record

    def server(self, arn: str) -> MlflowServer:
        """The tracking server of an app."""
        record = self.known(arn)
        if arn not in self._servers:
            environment = self._roles.environment(record["RoleArn"], arn)
            self._servers[arn] = MlflowServer(
                self._directory(arn), record["ArtifactStoreUri"], environment, self._spawn
            )
        return self._servers[arn]

    def create(self, request: Document, caller: Caller) -> Document:
        """Record the app and let its server start behind the caller's back: it takes seconds."""
        pass_role(caller, request["RoleArn"])
        alphabet = string.ascii_uppercase + string.digits
        arn = self._names.arn(KIND, "app-" + "".join(secrets.choice(alphabet) for _ in range(12)))
        self._roles.environment(request["RoleArn"], arn)
        now = self._platform.clock.now()
        record = {key: value for key, value in request.items() if key != "Tags"}
        record |= {
            "Arn": arn,
            "MlflowVersion": _mlflow_version(),
            "Status": "Created",
            "ModelRegistrationMode": request.get("ModelRegistrationMode", "AutoModelRegistrationDisabled"),
            "AccountDefaultStatus": request.get("AccountDefaultStatus", "DISABLED"),
            "CreationTime": now,
            "LastModifiedTime": now,
        }
        self._table.save(arn, record)
        self._tags.create(arn, request.get("Tags"))
        self.start(arn)
        return {"Arn": arn}

    def describe(self, request: Document, caller: Caller) -> Document:
        return dict(self.known(request["Arn"]))

    def list_all(self, request: Document, caller: Caller) -> Document:
        listing = Listing(
            "Summaries",
            lambda record: pick(record, _SUMMARY),
            name="Name",
            sort_by={"CreationTime": "CreationTime", "Name": "Name", "Status": "Status"},
            equal={
                "Status": "Status",
                "MlflowVersion": "MlflowVersion",
                "AccountDefaultStatus": "AccountDefaultStatus",
            },
        )
        return listing.page(self._table, request)

    def update(self, request: Document, caller: Caller) -> Document:
        record = self.known(request["Arn"])
        moved = request.get("ArtifactStoreUri", record["ArtifactStoreUri"]) != record["ArtifactStoreUri"]
        record |= pick(request, _UPDATED)
        record |= {"Status": "Updated", "LastModifiedTime": self._platform.clock.now()}
        self._table.save(record["Arn"], record)
        if moved:
            self._end(record["Arn"])
        return {"Arn": record["Arn"]}

    def delete(self, request: Document, caller: Caller) -> Document:
        record = self.known(request["Arn"])
        self._end(record["Arn"])
        shutil.rmtree(self._directory(record["Arn"]), ignore_errors=True)
        self._table.delete(record["Arn"])
        self._tags.forget(record["Arn"])
        return {"Arn": record["Arn"]}

    def presign(self, request: Document, caller: Caller) -> Document:
        """The server's own address on loopback, with a token that lets a browser in for a while."""
        server = self.server(request["Arn"])
        until = time.time() + request.get("ExpiresInSeconds", _LINK_SECONDS)
        session = request.get("SessionExpirationDurationInSeconds", _SESSION_SECONDS)
        login = guard.token(server.secret, "login", until, session)
        return {"AuthorizedUrl": f"http://127.0.0.1:{server.port}{guard.LOGIN_PATH}?authToken={login}"}

    def recover(self) -> None:
        """After a restart: every app's server starts again."""
        for record in self._table:
            self.start(record["Arn"])

    def start(self, arn: str) -> None:
        """Begin to start an app's server; requests wait for it."""
        task = asyncio.get_running_loop().create_task(self._start(arn))
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)

    async def _start(self, arn: str) -> None:
        try:
            await self.server(arn).pool()
        except SageMakerError as problem:
            log.error("MLflow app %s: %s", arn, problem)

    def _end(self, arn: str) -> None:
        server = self._servers.pop(arn, None)
        if server is not None:
            server.stop()

    def _directory(self, arn: str) -> Path:
        return self._platform.state_dir / "sagemaker" / "mlflow" / arn.rpartition("/")[2]


def _mlflow_version() -> str:
    from importlib.metadata import version

    return version("mlflow")
