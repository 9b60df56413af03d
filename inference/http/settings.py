"""What the serving container reads from its environment.

Source: "Use Your Own Inference Code with Hosting Services" and "... with Batch Transform" in the SageMaker
developer guide: SAGEMAKER_BIND_TO_PORT, SAGEMAKER_BATCH, SAGEMAKER_MAX_PAYLOAD_IN_MB and
SAGEMAKER_MAX_CONCURRENT_TRANSFORMS. The rest are this server's own.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_MEGABYTE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """Where to listen, what to serve, and where to stop."""

    model_name: str = "model"
    endpoint_config_name: str = ""
    expected_model_hash: str = ""
    model_directory: Path = Path("/opt/ml/model")
    host: str = "0.0.0.0"  # noqa: S104 - SageMaker reaches the container from outside
    port: int = 8080
    workers: int = 1
    max_body_bytes: int = 25 * _MEGABYTE
    max_held_bytes: int = 256 * _MEGABYTE
    max_header_bytes: int = 32 * 1024
    max_connections: int = 1024
    header_seconds: float = 10.0
    body_seconds: float = 60.0
    idle_seconds: float = 75.0
    drain_seconds: float = 10.0
    request_seconds: float = 55.0  # SageMaker waits 60 for an answer
    hang_seconds: float = 120.0
    start_seconds: float = 600.0
    log_requests: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ServerSettings:
        """Raises ValueError naming the variable that is not a whole number."""
        megabytes = _integer(environment, "SAGEMAKER_MAX_PAYLOAD_IN_MB", 25)
        return cls(
            model_name=environment.get("MODEL_NAME") or cls.model_name,
            endpoint_config_name=environment.get("ENDPOINT_CONFIG_NAME", ""),
            expected_model_hash=environment.get("EXPECTED_MODEL_HASH", ""),
            model_directory=Path(environment.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "model",
            host=environment.get("BIND_HOST", cls.host),
            port=_integer(environment, "SAGEMAKER_BIND_TO_PORT", 8080),
            workers=max(1, _integer(environment, "SAGEMAKER_MODEL_SERVER_WORKERS", _processors())),
            max_body_bytes=(megabytes or 100) * _MEGABYTE,
            max_held_bytes=max(cls.max_held_bytes, 4 * megabytes * _MEGABYTE),
            request_seconds=_seconds(environment, "REQUEST_SECONDS", cls.request_seconds),
            hang_seconds=_seconds(environment, "WORKER_HANG_SECONDS", cls.hang_seconds),
            log_requests=environment.get("LOG_REQUESTS", "").lower() in ("1", "true"),
        )


def _integer(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "") or str(default)
    try:
        return int(text)
    except ValueError as error:
        raise ValueError(f"environment variable {name}: {text!r} is not a whole number") from error


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "") or str(default)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds < math.inf:
        raise ValueError(f"environment variable {name}: {text!r} is not a number of seconds above 0")
    return seconds


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
