"""The stream: records come in, are checked, and are closed by the hour into datasets."""

from __future__ import annotations

from infra_cdk.streams.stream import EventStream as EventStream
