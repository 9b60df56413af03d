"""The front: an API that lets callers in, and the functions behind it."""

from __future__ import annotations

from infra_cdk.front.front import Front as Front
