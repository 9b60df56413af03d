"""AWS CloudTrail, as far as S3's data events need it: trails in templates, and each write that a trail
selects as an event on the default bus.

Not embedded: log files in the trail's bucket, management events, and other services' data events. On AWS a
data event reaches EventBridge some minutes after the call; here it does so at once.
"""

from __future__ import annotations

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import app, provisioners
from localcloud.services.cloudtrail import templates
from localcloud.services.cloudtrail.recording import Recorder


def install(cloud: Cloud) -> None:
    provisioners.RESOURCE_HANDLERS[templates.KIND] = {
        "create": templates.create,
        "update": templates.update,
        "update_with_logical_id": True,
        "delete": templates.delete,
    }
    app.SERVICE_HANDLERS["s3"] = Recorder(cloud).around(app.SERVICE_HANDLERS["s3"])
