"""Figures as people read them."""

from __future__ import annotations

import datetime
import math

_DAY_0 = datetime.date(1970, 1, 1)


def figure(value: float | None) -> str:
    """Four significant digits, thousands apart; a dash for what is unknown."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e9 or size < 1e-4:
        return f"{value:.3g}".replace("-", "−")
    decimals = max(0, 3 - math.floor(math.log10(size)))
    text = f"{value:,.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def share(value: float | None) -> str:
    """A share (0-1) as per cent, to a tenth, or below ten to a hundredth."""
    if value is None or not math.isfinite(value):
        return figure(value)
    text = f"{value * 100:.{1 if abs(value) >= 0.0995 else 2}f}"
    sign = "−" if float(text) < 0 else ""
    return f"{sign}{text.lstrip('-')}%"


def signed_share(value: float | None) -> str:
    text = share(value)
    return f"+{text}" if value is not None and math.isfinite(value) and value > 0 else text


def rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def value_of(kind: str, value: float | None) -> str:
    """A value of a column of that type, which counts days since 1970-01-01 for dates, 0 and 1 for truth."""
    if value is None or not math.isfinite(value):
        return figure(value)
    ordinal = _DAY_0.toordinal() + round(value)
    if kind == "date" and 1 <= ordinal <= datetime.date.max.toordinal():
        return datetime.date.fromordinal(ordinal).isoformat()
    if kind == "boolean" and value in (0, 1):
        return "true" if value else "false"
    return figure(value)


def span(low: float, high: float, kind: str = "number") -> str:
    """An interval, open where a bound is infinite."""
    start, end = value_of(kind, low), value_of(kind, high)
    if math.isinf(low):
        return "any value" if math.isinf(high) else f"up to {end}"
    return f"above {start}" if math.isinf(high) else f"{start} to {end}"


def axis(value: float) -> str:
    """A tick's label, short: 250k, 1.5M."""
    size = abs(value)
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            return f"{value / (1e3 if unit == 'k' else limit):g}{unit}".replace("-", "−")
    return f"{value:.6g}".replace("-", "−")


def ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """Round values within [low, high], about as many as wanted."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low]
    raw = span / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw), 10 * power)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 12) + 0.0 for i in range(first, last + 1)]
