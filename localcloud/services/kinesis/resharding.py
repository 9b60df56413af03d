"""A shard that is split or merged keeps its records, for mappings that have not read them yet.

Kinesis Data Streams Developer Guide, "After resharding": a parent shard is closed and its records stay for
their retention. Here mappings alone read them; GetRecords of a closed shard is not embedded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.ministack_adapter import kinesis

CLOSED = "localcloud_closed_shards"  # of a stream: records by shard


def install() -> None:
    kinesis.split_shard = _keeping(kinesis.split_shard)
    kinesis.merge_shards = _keeping(kinesis.merge_shards)
    kinesis.update_shard_count = _keeping(kinesis.update_shard_count)


def _keeping(reshard: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def resharded(data: Any) -> Any:
        _, stream = kinesis.resolve_stream(data)
        before = dict(stream["shards"]) if stream else {}
        answer = reshard(data)
        for name, shard in before.items():
            if stream["shards"].get(name) is not shard:
                kept = stream.setdefault(CLOSED, {}).setdefault(name, [])
                kept.extend(shard["records"])
        return answer

    return resharded


def shards_of(stream: dict[str, Any], oldest: float) -> dict[str, list[dict[str, Any]]]:
    """The records that arrived from `oldest` on (Unix time), of every shard that there is or was, in order.

    The stream's own lists stay as they are: while this thread would build them anew, as ministack does where
    records expire, a request in another one may add to the old ones, and what it adds would be lost.
    """
    closed, live = stream.get(CLOSED, {}), stream["shards"]
    names = [*closed, *(name for name in live if name not in closed)]
    found = {name: [*closed.get(name, []), *live.get(name, {}).get("records", [])] for name in names}
    return {
        name: [record for record in records if record["ApproximateArrivalTimestamp"] >= oldest]
        for name, records in found.items()
    }


def parents_of(stream: dict[str, Any], shard: str) -> list[str]:
    """The shards that are read to their end before this one."""
    found = stream["shards"].get(shard, {})
    parents = (found.get("parent_shard_id"), found.get("adjacent_parent_shard_id"))
    return [parent for parent in parents if parent]
