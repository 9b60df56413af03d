"""Event source mappings of Kinesis streams as Lambda documents them; ministack's own poller is switched off.

ministack knows no partial responses, bisecting, limits of age and tries, or on-failure destinations, starts
later shards at their end, and drops the records of a shard that is split or merged.
"""

from __future__ import annotations

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import lambda_svc
from localcloud.services.kinesis import resharding
from localcloud.services.kinesis.poller import Poller


def install(cloud: Cloud) -> None:
    """Begin when the kept streams and mappings are there."""
    lambda_svc.poll_kinesis = lambda: False
    resharding.install()
    poller = Poller(cloud)
    cloud.on_started(poller.start)
    cloud.on_shutdown(poller.stop)
