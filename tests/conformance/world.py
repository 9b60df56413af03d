"""The cloud that the suite speaks to: clients, names, roles, waiting, and what must be removed again."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

PREFIX = "greenlight-conformance"
_PATIENCE_SECONDS = 60.0
_RETRY_SECONDS = 2.0


@dataclass
class World:
    """One cloud. `speed` is how much faster its clock runs than the wall's: 1 on AWS."""

    make_client: Callable[[str], Any]
    speed: float
    is_aws: bool
    _clients: dict[str, Any] = field(default_factory=dict)
    _removals: list[tuple[str, Callable[[], Any]]] = field(default_factory=list)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.make_client(service)
        return self._clients[service]

    def name(self) -> str:
        """A name that nobody has."""
        return f"{PREFIX}-{uuid.uuid4().hex[:12]}"

    def remove_later(self, what: str, removal: Callable[[], Any]) -> None:
        """Remove it when the test is over, however it ends; the last made goes first."""
        self._removals.append((what, removal))

    def clean(self) -> list[str]:
        """Remove what was made; what could not be, each with the reason."""
        left = []
        while self._removals:
            what, removal = self._removals.pop()
            try:
                removal()
            except Exception as error:
                left.append(f"{what}: {error}")
        return left

    def wait(self, cloud_seconds: float) -> None:
        """Let so much of the cloud's time pass."""
        time.sleep(cloud_seconds / self.speed)

    def until(self, condition: Callable[[], Any], cloud_seconds: float) -> Any:
        """The condition's first true value, or its last one once the cloud's time is over."""
        deadline = time.monotonic() + cloud_seconds / self.speed
        while not (found := condition()) and time.monotonic() < deadline:
            time.sleep(min(5.0, 5.0 / self.speed))
        return found

    def patiently(self, call: Callable[[], Any], *codes: str) -> Any:
        """The call's answer; what was just made may not be seen yet, so these errors are tried again."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return call()
            except ClientError as error:
                if error.response["Error"]["Code"] not in codes or time.monotonic() > deadline:
                    raise
            time.sleep(_RETRY_SECONDS)

    def role(self, service: str) -> str:
        """The ARN of a new role without rights that the service may assume."""
        iam, name = self.client("iam"), self.name()
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        self.remove_later(f"role {name}", lambda: iam.delete_role(RoleName=name))
        return str(made["Role"]["Arn"])


def code_of(call: Callable[..., Any], **arguments: Any) -> str:
    """The error code of a call that is refused; empty where it is not."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""
