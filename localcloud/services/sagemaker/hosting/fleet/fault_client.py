"""Sets faults of fleets in a running cloud, signed with the administrator's keys.

A rule names an endpoint config or a model and what is wrong with its instances; see `hosting/faults.py`:

    FleetFaults(environment).put({"error_share": 0.03}, endpoint_config="housing-dev-2")
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import Any, cast

TARGET_PREFIX = "LocalCloudSageMaker"


class FleetFaults:
    """The faults of one cloud, given the variables that `localcloud up` prints."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def put(
        self, fault: Mapping[str, Any], *, endpoint_config: str | None = None, model: str | None = None
    ) -> None:
        """From now on the fleets of this config, or of this model, suffer `fault`; an empty one ends it."""
        named = {"endpoint_config": endpoint_config} if endpoint_config else {"model": model}
        self._call("PutFleetFaults", {**named, "fault": dict(fault)})

    def put_to_next(self, fault: Mapping[str, Any]) -> None:
        """From now on every fleet suffers `fault` that does not serve already."""
        self._call("PutFleetFaults", {"next": True, "fault": dict(fault)})

    def clear(self) -> None:
        """No fleet suffers anything from now on."""
        self._call("ClearFleetFaults", {})

    def listed(self) -> list[dict[str, Any]]:
        """The rules in force."""
        return cast("list[dict[str, Any]]", self._call("GetFleetFaults", {})["faults"])

    def _call(self, operation: str, document: Mapping[str, Any]) -> dict[str, Any]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        env = self._environment
        keys = Credentials(
            env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env.get("AWS_SESSION_TOKEN")
        )
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{TARGET_PREFIX}.{operation}",
        }
        data = json.dumps(document).encode()
        signed = AWSRequest("POST", f"{env['AWS_ENDPOINT_URL']}/", headers=headers, data=data)
        SigV4Auth(keys, "sagemaker", env["AWS_REGION"]).add_auth(signed)
        request = urllib.request.Request(  # noqa: S310 - the cloud's own http URL
            str(signed.url), data=data, headers=dict(signed.headers), method="POST"
        )
        with urllib.request.urlopen(request) as response:  # noqa: S310 - as above
            return cast("dict[str, Any]", json.load(response))
