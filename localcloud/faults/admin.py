"""The cloud's own service `localcloud`: faults set and told at run time, processes shown and killed, the
clock moved.

It is reached like any service, so the gateway checks the signature and IAM: only who may do `localcloud:*`,
the administrator, gets in, and only from this machine, for the gateway listens on loopback alone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.faults.advancing import Advancing
from localcloud.faults.injector import Injector
from localcloud.faults.killer import Reaper
from localcloud.faults.plan import TARGETS, Plan
from localcloud.faults.reading import PlanError, Reader
from localcloud.ministack_adapter import app, iam_actions, router

SERVICE = "localcloud"
TARGET_PREFIX = "LocalCloud"
_CONTENT_TYPE = {"Content-Type": "application/x-amz-json-1.1"}
_Answer = tuple[int, dict[str, str], bytes]


class Admin:
    """The operations of the service."""

    def __init__(self, injector: Injector, reaper: Reaper, advancing: Advancing) -> None:
        self._injector = injector
        self._reaper = reaper
        self._advancing = advancing
        self._operations: dict[str, Callable[[Any], dict[str, Any]]] = {
            "PutFaults": self._put_faults,
            "GetFaults": lambda _: self._injector.report(),
            "Kill": self._kill,
            "Advance": self._advance,
            "ListContainers": lambda _: {"containers": self._reaper.containers()},
        }

    async def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> _Answer:
        """A request with header `X-Amz-Target: LocalCloud.OPERATION` and a JSON body."""
        name = headers.get("x-amz-target", "").rpartition(".")[2]
        operation = self._operations.get(name)
        try:
            if operation is None:
                known = ", ".join(self._operations)
                raise PlanError(f"localcloud has no operation {name!r}; there are {known}")
            # The clock's way may be long, and what happens on it comes through the gateway.
            return _answer(200, await asyncio.to_thread(operation, json.loads(body or b"{}")))
        except (PlanError, ValueError) as error:
            return _answer(400, {"__type": "ValidationException", "message": str(error)})

    def _put_faults(self, document: Any) -> dict[str, Any]:
        self._injector.replace(Plan.from_document(document, "faults"))
        return {}

    def _advance(self, document: Any) -> dict[str, Any]:
        seconds = document.get("seconds") if isinstance(document, dict) else None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise PlanError(f"advance wants its seconds as a number, not {seconds!r}")
        return {"now": self._advancing.advance(float(seconds))}

    def _kill(self, document: Any) -> dict[str, Any]:
        table = Reader(document, "kill")
        target, name = table.choice("target", TARGETS), table.text("name", "*") or "*"
        table.finish()
        return {"killed": self._reaper.kill(target, name)}


def install(injector: Injector, reaper: Reaper, advancing: Advancing) -> None:
    """Register the service with the gateway."""

    app.SERVICE_HANDLERS[SERVICE] = Admin(injector, reaper, advancing).handle
    router.SERVICE_PATTERNS[SERVICE] = {"target_prefixes": [TARGET_PREFIX]}
    iam_actions.SERVICE_TO_IAM_NAMESPACE[SERVICE] = SERVICE


def _answer(status: int, document: dict[str, Any]) -> _Answer:
    return status, dict(_CONTENT_TYPE), json.dumps(document).encode()
