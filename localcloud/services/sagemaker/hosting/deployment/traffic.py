"""Decides which instance gets the next request: by the fleets' shares and the variants' weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from localcloud.services.sagemaker.errors import RuntimeValidationError
from localcloud.services.sagemaker.hosting.fleet.fleet import Fleet, Variant
from localcloud.services.sagemaker.hosting.fleet.instance import Instance

_GOLDEN_RATIO = 0.6180339887498949


@dataclass(frozen=True)
class Target:
    """Where one request goes."""

    fleet: Fleet
    variant: Variant
    instance: Instance


class Traffic:
    """The fleets behind one endpoint and their shares of its traffic, 0 to 1.

    Shares are met evenly: any run of N requests gives a share within 1/N or so of what was asked.
    """

    def __init__(self) -> None:
        self._routes: list[tuple[Fleet, float]] = []
        self._position = 0.0

    def set(self, *routes: tuple[Fleet, float]) -> None:
        """Replace all routes at once; a fleet with share 0 keeps what it has under way."""
        self._routes = list(routes)

    def share(self, fleet: Fleet) -> float:
        """A fleet's share of the traffic."""
        return next((share for known, share in self._routes if known is fleet), 0.0)

    def pick(self, target_variant: str | None = None) -> Target | None:
        """The next instance, or None when no healthy one is left."""
        candidates = [
            (fleet, variant, weight)
            for fleet, share in self._routes
            if share > 0
            for variant, weight in _weighted(fleet, share, target_variant)
            if weight > 0 and variant.healthy
        ]
        self._position = (self._position + _GOLDEN_RATIO) % 1.0
        point = self._position * sum(weight for _, _, weight in candidates)
        for fleet, variant, weight in candidates:
            point -= weight
            if point < 0:
                instance = variant.pick()
                return Target(fleet, variant, instance) if instance is not None else None
        return None


def _weighted(fleet: Fleet, share: float, target_variant: str | None) -> Iterator[tuple[Variant, float]]:
    """The fleet's variants that may be picked, with the share of the traffic of each."""
    if target_variant is None:
        total = sum(variant.weight for variant in fleet.variants.values()) or 1.0
        for variant in fleet.variants.values():
            yield variant, share * variant.weight / total
    elif target_variant in fleet.variants:
        yield fleet.variants[target_variant], share
    else:
        raise RuntimeValidationError(f"Variant {target_variant} is not a variant of this endpoint.")
