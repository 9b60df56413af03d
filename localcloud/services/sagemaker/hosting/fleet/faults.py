"""Faults put into fleets on purpose, to see what a deployment makes of them. No such thing exists on AWS.

A rule names an endpoint config or a model; the proxy applies it to the requests of the fleets that match.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.store import Document, Store

FIELDS = {
    "error_share": (float, int),
    "delay_ms": (float, int),
    "delay_factor": (float, int),
    "crash_share": (float, int),
    "no_ping": (bool,),
    "nonsense": (bool,),
}


@dataclass(frozen=True)
class Fault:
    """What is wrong with a fleet."""

    error_share: float = 0.0
    """Of the requests, answered with 500 instead of the model's answer."""
    delay_ms: float = 0.0
    delay_factor: float = 1.0
    """The model seems this many times slower."""
    crash_share: float = 0.0
    """Of the requests, each kills the container it reaches."""
    no_ping: bool = False
    """The container never passes a health check."""
    nonsense: bool = False
    """The answers have the right form and wrong numbers."""


NONE = Fault()
_NEXT = "next"


class Faults:
    """The rules now in force; they outlive a restart."""

    def __init__(self, store: Store, chance: random.Random | None = None) -> None:
        self._table = store.table("fault")
        self._chance = chance or random.Random()  # noqa: S311 - not for secrets

    def of(self, config_name: str, model_name: str) -> Fault:
        """The fault of a fleet's variant: a rule for the config, else for the model, else for the next."""
        rule = self._table.get(f"config:{config_name}") or self._table.get(f"model:{model_name}")
        if rule is None:
            rule = self._table.get(_NEXT)
            if rule is None or config_name in rule["but"]:
                return NONE
        return Fault(**rule["fault"])

    def happens(self, share: float) -> bool:
        """Whether something that happens to a share of the requests happens to this one."""
        return share > 0 and self._chance.random() < share

    def put(self, document: Any, serving: Sequence[str] = ()) -> Document:
        """Set, or with an empty fault drop, a rule: for {"endpoint_config": ...}, for {"model": ...}, or for
        {"next": true}, which is every config that is not `serving` now."""
        key = _key(document)
        fault = document.get("fault") or {}
        for name, value in fault.items():
            if name not in FIELDS or not isinstance(value, FIELDS[name]):
                raise ValidationError(f"fault {name}={value!r}: there are {', '.join(FIELDS)}")
        if fault:
            self._table.save(key, {"for": key, "fault": fault, "but": list(serving)})
        else:
            self._table.delete(key)
        return self.listed()

    def clear(self) -> Document:
        """Drop every rule."""
        for rule in list(self._table):
            self._table.delete(rule["for"])
        return self.listed()

    def listed(self) -> Document:
        """Every rule in force."""
        return {"faults": list(self._table)}


def _key(document: Any) -> str:
    if isinstance(document, dict):
        if document.get("next") is True:
            return _NEXT
        for member, prefix in (("endpoint_config", "config"), ("model", "model")):
            if isinstance(document.get(member), str):
                return f"{prefix}:{document[member]}"
    raise ValidationError('A fault needs {"endpoint_config": NAME}, {"model": NAME} or {"next": true}')
