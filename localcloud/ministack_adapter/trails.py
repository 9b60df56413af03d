"""ministack's CloudTrail."""

from __future__ import annotations

from localcloud.ministack_adapter.seam import Seam, Uses


class CloudTrail(Seam):
    path = "ministack.services.cloudtrail"

    trails = Uses("_trails", holds="AccountRegionScopedDict")
    create_trail = Uses("_create_trail", takes="body")
    delete_trail = Uses("_delete_trail", takes="body")
    put_event_selectors = Uses("_put_event_selectors", takes="body")
    get_event_selectors = Uses("_get_event_selectors", takes="body")
    start_logging = Uses("_start_logging", takes="body")


cloudtrail = CloudTrail()
