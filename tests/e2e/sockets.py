"""What a process and all that it starts listen on, watched while they run."""

from __future__ import annotations

import ipaddress
import socket
import threading
from types import TracebackType

import psutil

EVERY_SECONDS = 0.2


class Listening:
    """Looks again and again at the sockets of a process tree; `seen` holds (program, address, port)."""

    def __init__(self, pid: int) -> None:
        self.seen: set[tuple[str, str, int]] = set()
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def off_loopback(self) -> set[tuple[str, str, int]]:
        """What other machines could reach."""
        return {found for found in self.seen if not _is_loopback(found[1])}

    def __enter__(self) -> Listening:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            self.look()

    def look(self) -> None:
        """Once."""
        try:
            process = psutil.Process(self._pid)
            tree = [process, *process.children(recursive=True)]
        except psutil.Error:
            return
        for each in tree:
            try:
                self._note(each)
            except psutil.Error:  # it ended meanwhile
                continue

    def _note(self, process: psutil.Process) -> None:
        for found in process.net_connections(kind="inet"):
            is_server = found.status == psutil.CONN_LISTEN
            takes_datagrams = found.type == socket.SOCK_DGRAM and not found.raddr
            if found.laddr and (is_server or takes_datagrams):
                self.seen.add((process.name(), found.laddr.ip, found.laddr.port))


def _is_loopback(address: str) -> bool:
    host = ipaddress.ip_address(address)
    mapped = getattr(host, "ipv4_mapped", None)
    return bool(host.is_loopback or (mapped and mapped.is_loopback))
