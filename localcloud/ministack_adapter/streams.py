"""ministack's Kinesis."""

from __future__ import annotations

from localcloud.ministack_adapter.seam import Replaces, Seam, Uses


class Kinesis(Seam):
    path = "ministack.services.kinesis"

    merge_shards = Replaces("_merge_shards", takes="data")
    split_shard = Replaces("_split_shard", takes="data")
    update_shard_count = Replaces("_update_shard_count", takes="data")
    resolve_stream = Uses("_resolve_stream", takes="data")
    streams = Uses("_streams", holds="AccountRegionScopedDict")


kinesis = Kinesis()
