"""Where a stage runs: on AWS's shared network, or in a VPC of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from contracts.reading import Table


@dataclass(frozen=True, kw_only=True)
class Network:
    """`vpc_stages`: whose functions, training jobs and endpoint run in a VPC without a way out; `zones`: its
    availability zones by name, or none for the region's first ones."""

    ZONE_COUNT: ClassVar[int] = 2

    vpc_stages: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()

    def has_vpc(self, stage: str) -> bool:
        return stage in self.vpc_stages

    @classmethod
    def read(cls, table: Table, stages: tuple[str, ...]) -> Network:
        vpc = table.flag("vpc", False)
        chosen = table.texts("stages", stages)
        unknown = [stage for stage in chosen if stage not in stages]
        if unknown:
            raise table.fail("stages", f"{unknown[0]!r} is not one of {', '.join(stages)}")
        zones = table.texts("zones", ())
        if zones and (len(set(zones)) != len(zones) or len(zones) != cls.ZONE_COUNT):
            raise table.fail(
                "zones", f"takes {cls.ZONE_COUNT} different zones, such as us-east-1a and us-east-1c"
            )
        table.finish()
        return cls(vpc_stages=chosen if vpc else (), zones=zones)
