"""Queues are found again when the cloud comes back on another port.

ministack finds a queue by its URL, which holds the gateway's port, so that a restart with `--port 0` would
lose sight of every queue that it had: nothing would be received, and CreateQueue would make a second one.
"""

from __future__ import annotations

from typing import Any

from localcloud.cloud import Cloud


def install(cloud: Cloud) -> None:
    """Give restored queues the URL of this gateway before anything looks for them."""
    from ministack.services import sqs

    load = sqs.load_persisted_state

    def load_persisted_state(data: dict[str, Any]) -> None:
        load(data)
        _move(sqs)

    sqs.load_persisted_state = load_persisted_state


def _move(sqs: Any) -> None:
    for scoped_key, queue in list(sqs._queues.all_items()):
        account, region, name, url = sqs._queue_scope_from_record(scoped_key, queue)
        wanted = sqs._queue_url_for_account(account, name)
        if url != wanted:
            sqs._queues.pop_scoped(account, region, url)
            sqs._queues.set_scoped(account, region, wanted, {**queue, "url": wanted})
    sqs._queue_name_to_url.clear()
    sqs._rebuild_queue_name_index()
