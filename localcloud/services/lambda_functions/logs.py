"""A function's log stream in CloudWatch Logs, written in its role's name."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Mapping
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.iam import decisions
from localcloud.iam.sessions import RoleNotAssumableError, standing_session

_log = logging.getLogger("localcloud.services.lambda_functions")


class FunctionLog:
    """One environment's stream; silent, as on AWS, when the role may not write logs."""

    def __init__(self, cloud: Cloud, config: Mapping[str, Any]) -> None:
        self._cloud = cloud
        self._config = config
        self._version = config.get("Version", "$LATEST")
        own = (config.get("LoggingConfig") or {}).get("LogGroup")
        self.group = own or f"/aws/lambda/{config['FunctionName']}"
        self.stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{self._version}]{secrets.token_hex(16)}"
        self._permitted = self._may_write()

    def line(self, line: str) -> None:
        """One line of the function; awslambdaric separates the lines of one message by carriage returns."""
        self.note(line.replace("\r", "\n"))

    def note(self, message: str) -> None:
        """One log event."""
        if self._permitted:
            self._cloud.append_log(self.group, self.stream, [message])

    def start(self, request_id: str) -> None:
        """The line that opens an invocation."""
        self.note(f"START RequestId: {request_id} Version: {self._version}")

    def end(
        self,
        request_id: str,
        *,
        duration_ms: float,
        init_ms: float | None,
        max_memory_mb: int,
        failure: Mapping[str, Any] | None,
    ) -> None:
        """The lines that close an invocation.

        https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html#python-logging-output
        """
        self.note(f"END RequestId: {request_id}")
        parts = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {duration_ms:.2f} ms",
            f"Billed Duration: {int(duration_ms + (init_ms or 0)) + 1} ms",
            f"Memory Size: {self._config.get('MemorySize', 128)} MB",
            f"Max Memory Used: {max_memory_mb} MB",
        ]
        if init_ms is not None:
            parts.append(f"Init Duration: {init_ms:.2f} ms")
        if failure is not None and str(failure.get("errorType", "")).startswith(("Sandbox.", "Runtime.")):
            timed_out = failure["errorType"] == "Sandbox.Timedout"
            parts.append(
                "Status: timeout" if timed_out else f"Status: error\tError Type: {failure['errorType']}"
            )
        self.note("\t".join(parts))

    def _may_write(self) -> bool:
        """Whether the function's role may create its stream and write to it."""
        groups = f"arn:aws:logs:{self._cloud.region}:{self._cloud.account}:log-group"
        arn = f"{groups}:{self.group}:log-stream:{self.stream}"
        try:
            with self._cloud.scope():
                keys = standing_session(self._config["Role"], self._config["FunctionName"])
            for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
                decisions.check(keys, action, arn, account=self._cloud.account, region=self._cloud.region)
        except (decisions.NotAuthorizedError, RoleNotAssumableError) as error:
            _log.warning("%s writes no logs: %s", self._config["FunctionName"], error)
            return False
        return True
