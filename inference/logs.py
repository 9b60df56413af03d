"""Structured logs: one JSON object a line on standard output, which SageMaker sends to CloudWatch Logs."""

from __future__ import annotations

import sys
import time
from typing import Any

import orjson


def log(event: str, **fields: Any) -> None:
    line = orjson.dumps({"time": round(time.time(), 3), "event": event, **fields}, default=str)
    sys.stdout.write(line.decode() + "\n")
    sys.stdout.flush()
