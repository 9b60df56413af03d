"""Calls the service `localcloud` of a running cloud, signed with the administrator's keys."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, cast

from localcloud.faults.admin import SERVICE, TARGET_PREFIX


class FaultsClientError(Exception):
    """The cloud refused the call; the message holds its answer."""


class FaultsClient:
    """Faults of one running cloud, given the variables that `localcloud up` prints."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def put(self, plan: Mapping[str, Any]) -> None:
        """Follow this plan from now on, with every count at zero; an empty one injects nothing."""
        self._call("PutFaults", plan)

    def report(self) -> dict[str, Any]:
        """`plan`, `injected` (each fault since) and `calls` (when the plan observes)."""
        return self._call("GetFaults", {})

    def kill(self, target: str, name: str = "*") -> int:
        """Kill the running processes of this kind and name (a shell pattern); how many that were."""
        return cast("int", self._call("Kill", {"target": target, "name": name})["killed"])

    def containers(self) -> list[dict[str, Any]]:
        """What runs now: target, name and pid."""
        return cast("list[dict[str, Any]]", self._call("ListContainers", {})["containers"])

    def advance(self, cloud_seconds: float) -> float:
        """Move the clock forward; the cloud's time then, in epoch seconds."""
        return cast("float", self._call("Advance", {"seconds": cloud_seconds})["now"])

    def _call(self, operation: str, document: Mapping[str, Any]) -> dict[str, Any]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        env = self._environment
        keys = Credentials(
            env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env.get("AWS_SESSION_TOKEN")
        )
        url, data = f"{env['AWS_ENDPOINT_URL']}/", json.dumps(document).encode()
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{TARGET_PREFIX}.{operation}",
        }
        signed = AWSRequest("POST", url, headers=headers, data=data)
        SigV4Auth(keys, SERVICE, env["AWS_REGION"]).add_auth(signed)
        request = urllib.request.Request(  # noqa: S310 - the cloud's own http URL
            url, data=data, headers=dict(signed.headers), method="POST"
        )
        try:
            with urllib.request.urlopen(request) as response:  # noqa: S310 - as above
                return cast("dict[str, Any]", json.load(response))
        except urllib.error.HTTPError as refusal:
            text = refusal.read().decode("utf-8", "replace")
            raise FaultsClientError(f"{operation} was refused ({refusal.code}): {text}") from None
