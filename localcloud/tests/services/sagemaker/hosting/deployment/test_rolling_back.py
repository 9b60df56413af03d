import asyncio
from typing import Any, cast

from localcloud.host.clock import FakeClock
from localcloud.services.sagemaker.events import Events
from localcloud.services.sagemaker.hosting.deployment.policy import Policy
from localcloud.services.sagemaker.hosting.deployment.shift import RollbackError
from localcloud.services.sagemaker.hosting.endpoints.records import EndpointRecords
from localcloud.services.sagemaker.hosting.endpoints.work import ROLLING_BACK_SECONDS, Work
from localcloud.services.sagemaker.requests.names import Names
from localcloud.services.sagemaker.requests.tags import Tags
from localcloud.services.sagemaker.store import Store
from localcloud.tests.services.sagemaker.fakes import FakePlatform
from localcloud.tests.services.sagemaker.fleets import FakeFleet


def test_rolling_back_lasts_for_the_draining_on_the_clouds_clock(tmp_path):
    platform = FakePlatform(tmp_path, FakeClock())
    store = Store(tmp_path / "records.sqlite")
    names = Names(platform.account, platform.region)
    statuses: list[tuple[str, float]] = []

    class Watched(EndpointRecords):
        def set_status(self, record, status):
            super().set_status(record, status)
            statuses.append((status, platform.clock.now()))

    records = Watched(store, names, Tags(store), platform, Events(platform))
    alarms = cast(Any, None)
    work = Work(records, platform, cast(Any, None), cast(Any, None), cast(Any, None), cast(Any, None), alarms)

    async def roll_back() -> None:
        record = records.add("e", "blue", None)
        live = work.live("e")
        live.current = cast(Any, FakeFleet("blue"))
        cast(Any, live.current).ready.set()

        async def refuse(*_: object) -> None:
            raise RollbackError("Alarm a is in ALARM state.", alarm="a")

        cast(Any, work)._new_fleet = refuse
        await work.update(live, {"config": {}, "models": {}}, record, Policy())

    asyncio.run(roll_back())
    (_, began), (status, ended) = statuses[-2:]
    assert [name for name, _ in statuses] == ["Creating", "RollingBack", "InService"]
    assert (status, ended - began) == ("InService", ROLLING_BACK_SECONDS)
