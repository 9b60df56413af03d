"""Where a stage runs: on AWS's shared network, or in a VPC of its own."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.reading import Table


@dataclass(frozen=True, kw_only=True)
class Network:
    """`vpc_stages`: whose functions, training jobs and endpoint run in a VPC without a way out."""

    vpc_stages: tuple[str, ...] = ()

    def has_vpc(self, stage: str) -> bool:
        return stage in self.vpc_stages

    @classmethod
    def read(cls, table: Table, stages: tuple[str, ...]) -> Network:
        vpc = table.flag("vpc", False)
        chosen = table.texts("stages", stages)
        unknown = [stage for stage in chosen if stage not in stages]
        if unknown:
            raise table.fail("stages", f"{unknown[0]!r} is not one of {', '.join(stages)}")
        table.finish()
        return cls(vpc_stages=chosen if vpc else ())
