"""Stand-ins for what surrounds the embedded SageMaker."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from localcloud.containers.container import ContainerSpec
from localcloud.host.clock import Clock, FakeClock
from localcloud.images.store import Image
from localcloud.services.sagemaker.access.roles import Role, RoleError
from localcloud.services.sagemaker.errors import AccessDeniedError, ValidationError

ROLE = "arn:aws:iam::111122223333:role/execution"
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/tiny:1"


class FakePlatform:
    """Remembers what it was told."""

    account = "111122223333"
    region = "us-east-1"
    endpoint_url = "http://127.0.0.1:4566"
    quotas: Mapping[str, int] = {}

    def __init__(self, state_dir: Path, clock: Clock | None = None) -> None:
        self.state_dir = state_dir
        self.clock = clock or FakeClock()
        self.metrics: list[tuple[str, str, float, dict[str, str]]] = []
        self.events: list[dict[str, Any]] = []
        self.logs: dict[str, list[str]] = {}

    def session_env(
        self, role_arn: str, session_name: str, *, service: str | None = None, source_arn: str | None = None
    ) -> dict[str, str]:
        if "unknown" in role_arn:
            raise LookupError(f"no role {role_arn}")
        return {"AWS_ACCESS_KEY_ID": "ASIA1", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}

    def put_metric(self, namespace, name, value, *, unit="None", dimensions=None):
        self.metrics.append((namespace, name, value, dict(dimensions or {})))

    def emit_event(self, source, detail_type, detail, resources=()):
        self.events.append({"source": source, "detail-type": detail_type, "detail": detail})

    def append_log(self, group, stream, lines):
        kept = self.logs.setdefault(f"{group}:{stream}", [])
        kept += [line if isinstance(line, str) else line[1] for line in lines]

    def on_shutdown(self, callback: Callable[[], None]) -> None:
        return


class Denying:
    """A caller who may do nothing of what is asked besides the operation."""

    def __init__(self, *denied: str) -> None:
        self._denied = denied
        self.asked: list[tuple[str, str]] = []

    def identity(self):
        return {}

    def authorize(self, action, resource, context=None):
        self.asked.append((action, resource))
        if action in self._denied:
            raise AccessDeniedError(f"not authorized to perform: {action} on resource: {resource}")


class FakeS3:
    """Objects by (bucket, key); keys containing `secret` are refused."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}

    def get_paginator(self, name):
        return self

    def paginate(self, **asked):
        keys = [
            key
            for bucket, key in self.objects
            if bucket == asked["Bucket"] and key.startswith(asked["Prefix"])
        ]
        yield {"Contents": [{"Key": key} for key in keys]}

    def get_object(self, **asked):
        self._check("GetObject", asked["Key"])
        return {"Body": _Body(self.objects[asked["Bucket"], asked["Key"]])}

    def put_object(self, **asked):
        self._check("PutObject", asked["Key"])
        body = asked["Body"]
        self.objects[asked["Bucket"], asked["Key"]] = body if isinstance(body, bytes) else body.read()

    def _check(self, operation: str, key: str) -> None:
        if "secret" in key:
            error = {"Code": "AccessDenied", "Message": f"not authorized to perform: s3:{operation}"}
            metadata = {
                "HTTPStatusCode": 403,
                "RequestId": "",
                "HostId": "",
                "RetryAttempts": 0,
                "HTTPHeaders": {},
            }
            raise ClientError({"Error": error, "ResponseMetadata": metadata}, operation)  # type: ignore[typeddict-item]


class _Body(io.BytesIO):
    def iter_chunks(self, size):
        yield self.getvalue()


class FakeRoles:
    """Roles that all share one S3 and one image."""

    def __init__(self, root: Path) -> None:
        self.s3 = FakeS3()
        self.image = Image("sha256:0", root, ("python",), (), {}, "/", "", {}, "base", 0, 0.0)

    def environment(self, role_arn: str, source_arn: str) -> dict[str, str]:
        if "unknown" in role_arn:
            raise ValidationError(f"Could not assume role {role_arn}.")
        return {"AWS_ACCESS_KEY_ID": "ASIA1"}

    def assume(self, role_arn: str, source_arn: str) -> Role:
        return Role(role_arn, self.environment(role_arn, source_arn), self.s3, None)

    def pull(self, role: Role, uri: str) -> Image:
        if "missing" in uri:
            raise RoleError(f"The image {uri} does not exist in its repository.")
        return self.image


class FakeContainer:
    """Runs a function on the job's /opt/ml when it is started, and has ended when that returns."""

    def __init__(self, program: Callable[[ContainerSpec, Callable[[str], None]], int]) -> None:
        self._program = program
        self.exit_code: int | None = None
        self.signals: list[int] = []
        self.specs: list[ContainerSpec] = []

    def __call__(self, spec: ContainerSpec, on_line: Callable[[str], None], *, work_dir: Path) -> Any:
        self.specs.append(spec)
        self.exit_code = self._program(spec, on_line)
        return self

    def signal(self, number: int) -> None:
        self.signals.append(number)

    def kill(self) -> None:
        self.signals.append(9)

    def terminate(self, grace_seconds: float) -> None:
        self.signals.append(15)
        self.exit_code = 143

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        return self.exit_code
