"""`[budget]`: what a stage may cost, held against the forecast when the app is synthesised."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.reading import Table


@dataclass(frozen=True, kw_only=True)
class Budget:
    """US dollars a month that a stage may be forecast to cost; None: any. The forecast counts so many
    retrainings and requests."""

    max_monthly_usd: float | None = None
    retrainings_per_month: float = 4.0
    million_requests_per_month: float = 1.0

    @classmethod
    def read(cls, table: Table) -> Budget:
        maximum = table.optional_number("max_monthly_usd")
        if maximum is not None and not maximum > 0:
            raise table.fail("max_monthly_usd", f"must be above 0, is {maximum:g}")
        budget = cls(
            max_monthly_usd=maximum,
            retrainings_per_month=table.number("retrainings_per_month", 0.0, 100_000.0, 4.0),
            million_requests_per_month=table.number("million_requests_per_month", 0.0, 1_000_000.0, 1.0),
        )
        table.finish()
        return budget


UNBOUNDED = Budget()
