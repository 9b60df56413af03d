"""What SageMaker needs of the cloud around it: the Cloud of `host` is one, a test's fake another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from localcloud.host.clock import Clock


class Platform(Protocol):
    """The services of the embedded cloud that SageMaker calls in its customers' name or its own."""

    account: str
    region: str
    endpoint_url: str
    state_dir: Path
    clock: Clock
    quotas: Mapping[str, int]
    """Instances for endpoints that the account may have, by type; no limit for others."""

    def session_env(
        self, role_arn: str, session_name: str, *, service: str | None = None, source_arn: str | None = None
    ) -> dict[str, str]: ...

    def put_metric(
        self,
        namespace: str,
        name: str,
        value: float,
        *,
        unit: str = "None",
        dimensions: Mapping[str, str] | None = None,
    ) -> None: ...

    def emit_event(
        self, source: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str] = ()
    ) -> None: ...

    def append_log(self, group: str, stream: str, lines: Sequence[str | tuple[float, str]]) -> None: ...

    def on_shutdown(self, callback: Callable[[], None]) -> None: ...
