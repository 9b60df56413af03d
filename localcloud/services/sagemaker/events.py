"""SageMaker's events on the default bus, in order, without making the caller wait for their targets.

Source: EventBridge user guide, "SageMaker AI events"; times in them are epoch milliseconds.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.store import Document


class Events:
    """Sends state changes from a thread of its own."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sagemaker-events")

    def state_change(self, kind: str, arn: str, record: Document, tags: dict[str, str]) -> None:
        """`SageMaker KIND State Change` with the record as it is now."""
        detail = {**_in_milliseconds(record), "Tags": tags}
        self._sender.submit(
            self._platform.emit_event, "aws.sagemaker", f"SageMaker {kind} State Change", detail, [arn]
        )

    def shut_down(self) -> None:
        """Drop what is not sent yet."""
        self._sender.shutdown(wait=False, cancel_futures=True)


def _in_milliseconds(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _in_milliseconds(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_in_milliseconds(inner) for inner in value]
    if name.endswith(("Time", "Timestamp")) and isinstance(value, float):
        return int(value * 1000)
    return value
