"""EventBridge Scheduler: expressions in time zones, targets called in their role, retries, dead letters.

ministack accepts any expression and ignores time zone, target role, retries and dead letters.
"""

from __future__ import annotations

from localcloud.host.cloud import Cloud
from localcloud.services.scheduler import requests
from localcloud.services.scheduler.firing import Firing


def install(cloud: Cloud) -> None:
    """Refuse what AWS refuses, and fire what is due by the cloud's clock."""
    requests.install(cloud)
    Firing(cloud).install()
