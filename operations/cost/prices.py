"""The price table: what is looked up, from where and when, and nothing else."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

PATH = Path(__file__).with_name("prices.toml")
# How many pieces one price is for; time and bytes are counted in the price's own unit.
PIECES = {"thousand": 1_000, "million": 1_000_000}
UNITS = ("hour", "month", "GB", "GB-month", "GB-second", *PIECES)


class PriceTableError(ValueError):
    """The table is not as it must be; the message names the item and what it lacks."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """US dollars per unit, where that was looked up, and when."""

    item: str
    usd: float
    per: str
    source: str
    looked_up: date


@dataclass(frozen=True, kw_only=True)
class Prices:
    """By item. `hours_per_month` is AWS's own figure for a month of an hourly price."""

    hours_per_month: float
    by_item: Mapping[str, Price]

    @classmethod
    def load(cls, path: Path = PATH) -> Prices:
        """Raises PriceTableError for a price without a source, a date, or a known unit."""
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        found: dict[str, Price] = {}
        for entry in document["price"]:
            item = str(entry.get("item", "?"))
            missing = [key for key in ("usd", "per", "source", "looked_up") if not entry.get(key)]
            if missing:
                raise PriceTableError(f"{path.name}: {item} has no {', '.join(missing)}")
            if entry["per"] not in UNITS:
                raise PriceTableError(
                    f"{path.name}: {item} is per {entry['per']!r}: one of {', '.join(UNITS)}"
                )
            if item in found:
                raise PriceTableError(f"{path.name}: {item} is there twice")
            found[item] = Price(**entry)
        return cls(hours_per_month=float(document["hours_per_month"]), by_item=MappingProxyType(found))

    def of(self, item: str, amount: float) -> float | None:
        """US dollars of so many units: pieces, hours, months, GB; None where no price is known."""
        price = self.by_item.get(item)
        return None if price is None else price.usd * amount / PIECES.get(price.per, 1)

    def month_of(self, item: str, count: float) -> float | None:
        """US dollars of so many that stand a whole month."""
        price = self.by_item.get(item)
        hours = self.hours_per_month if price and price.per == "hour" else 1.0
        return self.of(item, count * hours)
