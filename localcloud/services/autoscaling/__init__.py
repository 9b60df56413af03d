"""Application Auto Scaling for the variants of SageMaker endpoints: targets, policies, schedules, activities.

ministack has nothing of it. `install(cloud)` adds it, after CloudWatch and SageMaker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.host.cloud import Cloud


def install(cloud: Cloud) -> None:
    """Add the service to the gateway, and scale what is registered."""
    from localcloud.services.autoscaling.plug import Plug

    plug = Plug(cloud)
    plug.connect()
    plug.start()
