"""What a job has decided to train: one estimator with its parameters, or a weighted blend of several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Parameters = Mapping[str, float | int | str | bool]


@dataclass(frozen=True)
class Member:
    """One estimator by its name; `weight` (0-1) is its share of the answer."""

    estimator: str
    parameters: Parameters = field(default_factory=dict)
    weight: float = 1.0

    def as_document(self) -> dict[str, Any]:
        return {"estimator": self.estimator, "parameters": dict(self.parameters), "weight": self.weight}


@dataclass(frozen=True)
class Choice:
    """The members, their weights adding up to 1."""

    members: tuple[Member, ...]

    @classmethod
    def of(cls, estimator: str, parameters: Parameters) -> Choice:
        return cls((Member(estimator, parameters),))

    @property
    def only(self) -> Member | None:
        """The member of a choice that blends nothing."""
        return self.members[0] if len(self.members) == 1 else None

    @property
    def estimator(self) -> str:
        return self.only.estimator if self.only else "ensemble"

    @property
    def parameters(self) -> Parameters:
        return self.only.parameters if self.only else {}
