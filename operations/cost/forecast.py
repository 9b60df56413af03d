"""The monthly price of a stage that only stands there: one line for each thing that is billed by time."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRICES = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True)
class Line:
    """`monthly_usd` is None where no price is known: the forecast is then a lower bound."""

    item: str
    count: int
    monthly_usd: float | None


def monthly_prices(path: Path = PRICES) -> dict[str, float]:
    """US dollars a month of one piece of each item."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    hours = float(document["hours_per_month"])
    return {
        price["item"]: float(price.get("usd_per_month", price.get("usd_per_hour", 0.0) * hours))
        for price in document["price"]
    }


def idle(
    resources: Iterable[Mapping[str, Any]],
    *,
    instance_type: str,
    instance_count: int,
    zones: int,
    prices: Mapping[str, float],
) -> Iterator[Line]:
    """`resources` are the template's; the endpoint is not among them, and serves from the first model on."""
    kinds = [_item(resource) for resource in resources]
    counts = {
        f"endpoint {instance_type}": instance_count,
        "interface endpoint in a zone": zones * kinds.count("interface endpoint"),
        "customer managed key": kinds.count("customer managed key"),
        "alarm": kinds.count("alarm"),
        "dashboard": kinds.count("dashboard"),
    }
    for item, count in counts.items():
        if count:
            price = prices.get(item)
            yield Line(item, count, None if price is None else price * count)


def _item(resource: Mapping[str, Any]) -> str:
    kind = resource["Type"]
    if kind == "AWS::EC2::VPCEndpoint":
        is_interface = resource["Properties"].get("VpcEndpointType") == "Interface"
        return "interface endpoint" if is_interface else ""
    return {
        "AWS::KMS::Key": "customer managed key",
        "AWS::CloudWatch::Alarm": "alarm",
        "AWS::CloudWatch::Dashboard": "dashboard",
    }.get(kind, "")


def summary(lines: Iterable[Line]) -> str:
    """In words: the sum, the largest item, and what has no price here."""
    found = list(lines)
    known = [(line.monthly_usd, line) for line in found if line.monthly_usd is not None]
    unknown = [f"{line.count} x {line.item}" for line in found if line.monthly_usd is None]
    total = sum(price for price, _ in known)
    price, largest = max(known, key=lambda pair: pair[0])
    said = f"about ${total:,.0f} a month idle, of which {largest.count} x {largest.item} are ${price:,.0f}"
    return f"{said}; no price is known here for {', '.join(unknown)}" if unknown else said
