"""Keeps the state of every service on disk while the cloud runs; ministack writes it at a clean stop only.

A thread writes, atomically and only when it changed, what each service's own `get_state` reports; ministack
reads it at the next start. Objects of S3 are written by S3 itself when they are put. What a kill -9 must not
lose is written at once by `localcloud.host.durability`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localcloud.ministack_adapter import persistence

_log = logging.getLogger("localcloud.host.persistence")
_SHARE_OF_TIME = 0.05
"""At most this share of the time goes into snapshots, however large the state grows."""
_PAUSE_SECONDS = 1.0
_ATTEMPTS = 200
_ATTEMPT_PAUSE_SECONDS = 0.005


class Snapshots:
    """Writes the services' state behind their backs until frozen."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._persistence = persistence
        self._digests: dict[str, str] = {}
        self._writing: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._frozen = threading.Event()

    def start(self) -> None:
        """Begin; the thread ends with `freeze`."""
        threading.Thread(target=self._keep_writing, name="snapshots", daemon=True).start()

    def freeze(self) -> None:
        """Write once more, then never again: what a stop does to services is not their state."""
        if not self._frozen.is_set():
            self._frozen.set()
            self.write()
            self._app.PERSIST_STATE = False

    def write(self) -> None:
        """Write each service's state that changed since it was last written."""
        for service, get_state in self._app.build_persistence_save_dict().items():
            try:
                self._take(service, get_state)
            except RuntimeError as error:  # it changed while it was copied: the next round has it
                _log.debug("snapshot of %s postponed: %s", service, error)

    def write_now(self, service: str) -> None:
        """Write one service's state as it is now, whatever else changes it meanwhile."""
        get_state = self._app.build_persistence_save_dict()[service]
        for attempt in range(_ATTEMPTS):
            try:
                self._take(service, get_state)
                return
            except RuntimeError as error:
                _log.debug("snapshot of %s, attempt %d: %s", service, attempt, error)
                time.sleep(_ATTEMPT_PAUSE_SECONDS)
        raise RuntimeError(f"the state of {service} changed {_ATTEMPTS} times while it was copied")

    def _take(self, service: str, get_state: Callable[[], Any]) -> None:
        with self._writing[service]:
            if self._app.PERSIST_STATE and (state := get_state()) is not None:
                self._write_one(service, state)

    def _write_one(self, service: str, state: Any) -> None:
        document = {
            "__ministack_format__": self._persistence.state_format_version(service),
            "payload": state,
        }
        text = json.dumps(document, default=self._persistence.json_default)
        digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        if self._digests.get(service) == digest:
            return
        _replace(Path(self._persistence.STATE_DIR) / f"{service}.json", text)
        self._digests[service] = digest

    def _keep_writing(self) -> None:
        pause = _PAUSE_SECONDS
        while not self._frozen.wait(pause):
            began = time.monotonic()
            try:
                self.write()
            except Exception:
                _log.exception("the snapshot failed; it is tried again")
            pause = max(_PAUSE_SECONDS, (time.monotonic() - began) / _SHARE_OF_TIME)


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    os.replace(draft, path)
