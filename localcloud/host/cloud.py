"""What every part of the embedded cloud may ask of the whole: who and where it is, and its shared services.

One `Cloud` is made by the server and handed to each plug-in's `install(cloud)`. Its methods may be called
from any thread except the gateway's event loop where noted.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from localcloud.host.clock import Clock
from localcloud.iam.sessions import Credentials, open_session
from localcloud.images.store import ImageStore
from localcloud.ministack_adapter import app, cloudwatch, eventbridge, responses, sqs
from localcloud.ministack_adapter import cloudwatch_logs as logs
from localcloud.processes.children import Processes

LogLine = str | tuple[float, str]


@dataclass
class Cloud:
    """One embedded account in one region, behind one gateway on loopback."""

    account: str
    region: str
    endpoint_url: str
    state_dir: Path
    admin: Credentials
    clock: Clock
    processes: Processes
    speed: float = 1.0
    faults: Path | None = None
    """The file that says what shall go wrong."""
    quotas: Mapping[str, int] = field(default_factory=dict)
    """Instances for endpoints that the account may have, by type; no limit for others."""
    metric_delays: Mapping[str, float] = field(default_factory=dict)
    """Cloud seconds by which a namespace's metrics are seen late; `*` for every other."""
    images: ImageStore = field(init=False)
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)
    _on_started: list[Callable[[], None]] = field(default_factory=list, repr=False)
    _on_shutdown: list[Callable[[], None]] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.images = ImageStore(self.state_dir)

    @property
    def port(self) -> int:
        """The gateway's port on loopback."""
        return int(self.endpoint_url.rpartition(":")[2])

    def scope(self) -> AbstractContextManager[None]:
        """Run a block of in-process service calls as this account and region (ministack's request scope)."""

        return cast("AbstractContextManager[None]", responses.request_scope(self.account, self.region))

    def aws_environment(self, credentials: Credentials) -> dict[str, str]:
        """The variables that point AWS's own SDKs at this cloud as `credentials`."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            **credentials.as_environment(),
        }

    def session_env(
        self, role_arn: str, session_name: str, *, service: str | None = None, source_arn: str | None = None
    ) -> dict[str, str]:
        """Environment of a process acting as `role_arn`, which `service` (lambda.amazonaws.com) may assume
        for the resource `source_arn`.

        Raises RoleNotAssumableError when the role does not exist or does not trust the service.
        """
        with self.scope():
            return self.aws_environment(
                open_session(role_arn, session_name, service=service, source_arn=source_arn)
            )

    def client(self, service: str) -> Any:
        """A boto3 client of this cloud as its administrator; never call it on the gateway's event loop."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self.boto3_session().client(
                    cast("Any", service), endpoint_url=self.endpoint_url
                )
            return self._clients[service]

    def boto3_session(self) -> Any:
        """A boto3 session with the administrator's keys, blind to the host's own AWS configuration."""
        import boto3

        return boto3.Session(
            aws_access_key_id=self.admin.access_key_id,
            aws_secret_access_key=self.admin.secret_access_key,
            region_name=self.region,
        )

    def call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        query: Mapping[str, list[str]] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Call a service's handler in process, unchecked by IAM: for what AWS itself does."""

        with self.scope():
            answer = app.call_service_handler_sync(
                app.SERVICE_HANDLERS[service], method, path, dict(headers or {}), body, dict(query or {})
            )
        return cast("tuple[int, dict[str, str], bytes]", answer)

    def put_metric(
        self,
        namespace: str,
        name: str,
        value: float,
        *,
        unit: str = "None",
        dimensions: Mapping[str, str] | None = None,
    ) -> None:
        """Record one datum in an AWS/ namespace, as an AWS service does for its customers."""

        with self.scope():
            cloudwatch.record_metric(namespace, name, value, unit, dict(dimensions or {}))

    def emit_event(
        self, source: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str] = ()
    ) -> None:
        """Put an event of an AWS service (source `aws.sagemaker`) on the default event bus."""

        entry = {
            "Source": source,
            "DetailType": detail_type,
            "Detail": json.dumps(detail, default=str),
            "Resources": list(resources),
        }
        with self.scope():
            eventbridge.ensure_default_bus()
            eventbridge.put_events({"Entries": [entry]}, allow_aws_source=True)

    def emit_message(self, queue_url: str, body: str, attributes: Mapping[str, str]) -> None:
        """Put a message on a queue as an AWS service does, which asked its policy before."""

        wrapped = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        with self.scope():
            sqs.act_send_message({"MessageBody": body, "MessageAttributes": wrapped}, queue_url)

    def append_log(self, group: str, stream: str, lines: Sequence[LogLine]) -> None:
        """Append lines (or (epoch seconds, line) pairs) to CloudWatch Logs, making group and stream."""

        if not lines:
            return
        now = time.time()
        stamped = [(now, line) if isinstance(line, str) else line for line in lines]
        events = [{"timestamp": int(at * 1000), "message": text} for at, text in stamped]
        with self.scope(), self._lock:
            if group not in logs.log_groups:
                logs.create_log_group({"logGroupName": group})
            if stream not in logs.log_groups[group]["streams"]:
                logs.create_log_stream({"logGroupName": group, "logStreamName": stream})
            logs.put_log_events({"logGroupName": group, "logStreamName": stream, "logEvents": events})

    def on_started(self, callback: Callable[[], None]) -> None:
        """Run `callback` once, in a thread, when the kept state is loaded and the gateway serves."""
        self._on_started.append(callback)

    def started(self, report: Callable[[str], None]) -> None:
        """Run every start callback in turn; one that fails is reported and stops no other."""
        for callback in self._on_started:
            try:
                with self.scope():
                    callback()
            except Exception as error:
                report(f"start of {callback!r} failed: {error!r}")

    def on_shutdown(self, callback: Callable[[], None]) -> None:
        """Run `callback` when the cloud stops: last registered, first run; together they have 5 s."""
        self._on_shutdown.append(callback)

    def shut_down(self, report: Callable[[str], None]) -> None:
        """Run every shutdown callback; one that fails is reported and stops no other."""
        while self._on_shutdown:
            callback = self._on_shutdown.pop()
            try:
                callback()
            except Exception as error:
                report(f"shutdown of {callback!r} failed: {error!r}")
