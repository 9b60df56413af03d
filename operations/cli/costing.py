"""`greenlight cost`: what a stage will cost, before it is deployed, and what it did cost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from operations.cli import project
from operations.cli.asking import Asked, fail, telling
from operations.cli.exits import Exit


def cost(
    asked: Asked,
    retrainings: Annotated[float | None, typer.Option(help="A month; else those of [budget].", min=0)] = None,
    million_requests: Annotated[
        float | None, typer.Option(help="A month, in millions; else those of [budget].", min=0)
    ] = None,
    actual: Annotated[
        bool, typer.Option("--actual", help="What it did cost this month, by the stack's tags.")
    ] = False,
) -> Exit | None:
    """What the stage will cost: idle, each retraining, a million requests; low, expected, high."""
    if actual:
        return _actual(asked)
    from operations.cost import show
    from operations.cost.stage import ForecastError, forecast_of

    root, out = project.app_root(), asked.out
    try:
        with telling("synthesising the app ..."):
            found = forecast_of(root, asked.stage)
    except ForecastError as error:
        fail(str(error), "Mend it, then ask again.")
    lines, budget = found.lines, found.budget
    runs = budget.retrainings_per_month if retrainings is None else retrainings
    millions = budget.million_requests_per_month if million_requests is None else million_requests
    month = found.month(retrainings=runs, million_requests=millions)
    for group, expected, span in show.sums(lines):
        out.line()
        out.line(f"{group}: {expected}  ({span})", "bold")
        out.table(("", "", "expected", "range"), show.chart(lines, group))
    out.line()
    out.line(
        f"A month with {runs:g} retrainings and {millions:g} million requests: {show.usd(month)} expected.",
        "bold",
    )
    ceiling = budget.max_monthly_usd
    if ceiling is not None:
        out.line(f"[budget] max_monthly_usd allows {show.usd(ceiling)}.")
    out.line(
        "Assumptions and sources: docs/cost.md, operations/cost/prices.toml. Prices are those of us-east-1."
    )
    out.document(
        {
            "stage": asked.stage,
            "expected_monthly_usd": month,
            "retrainings": runs,
            "million_requests": millions,
            "lines": lines,
        }
    )
    return None


def _actual(asked: Asked) -> Exit | None:
    from operations.cost import actual as spending
    from operations.cost.show import usd
    from operations.reading.clients import Clients

    clients = Clients.open(asked.profile, spending.REGION)
    today = datetime.now(UTC).date()
    pipeline = project.pipeline_name()
    spent = spending.this_month(clients, pipeline=pipeline, stage=asked.stage, today=today)
    asked.out.document({"since": today.replace(day=1).isoformat(), "spent": spent})
    if not spent:
        asked.out.line(
            f"Nothing is on the bill of {pipeline}-{asked.stage} since {today:%Y-%m}-01. Tags count from the "
            "day on which they are activated (Billing, Cost allocation tags: greenlight:pipeline and "
            "greenlight:stage)."
        )
        return None
    asked.out.table(("service", "US dollars"), [(item.service, usd(item.usd)) for item in spent])
    asked.out.line(f"together {usd(sum(item.usd for item in spent))} since {today:%Y-%m}-01", "bold")
    return None
