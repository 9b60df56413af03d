"""Queues are found again when the cloud comes back on another port.

ministack keeps a queue under its URL, which holds the gateway's port, and so do the stack's physical ids and
the functions' environments. The port under which a kept state began therefore stays the one inside, whatever
the gateway's is now: lookups go by account and name, and a client is told the host that it asked itself,
as SQS's clients use a queue's URL as their endpoint (AWS SDK for JavaScript v3, `useQueueUrlAsEndpoint`).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from localcloud.host.cloud import Cloud


def install(cloud: Cloud) -> None:
    """Keep the restored queues' URLs as they were, and tell clients those that they can reach."""
    from localcloud.ministack_adapter import sqs

    load = sqs.load_persisted_state
    sqs.HOST_EXPLICIT = False

    def load_persisted_state(data: dict[str, Any]) -> None:
        load(data)
        _keep_port(sqs)

    sqs.load_persisted_state = load_persisted_state


def _keep_port(sqs: Any) -> None:
    for _, queue in sqs.queues.all_items():
        kept = urlsplit(queue["url"])
        sqs.DEFAULT_PORT = str(kept.port)
        sqs.CANONICAL_NETLOC = kept.netloc
        return
