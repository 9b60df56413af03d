"""Keeps what containers listen on on this machine: a bind to every address becomes one to loopback.

SageMaker's contract has a container listen on 0.0.0.0:8080, which on a developer's machine would be open to
its network. The kernel hands each bind(2) and listen(2) of a container to this process (seccomp_unotify(2));
a TCP or UDP socket is bound to loopback here, in the container's name, with the port that it asked for. The
container doesn't notice. Needs Linux 5.6; elsewhere `up` says that this protection is missing.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import fcntl
import ipaddress
import logging
import os
import platform
import select
import socket
import struct
import threading

from localcloud.containers.sandbox import MACHINES

_log = logging.getLogger("localcloud.containers")
_RECEIVE, _SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV and _SEND (linux/seccomp.h)
_NOTIFICATION, _RESPONSE = "=QIIiIQ6Q", "=QqiI"
_NOTIFICATION_BYTES = struct.calcsize(_NOTIFICATION)
_CONTINUE = 1
_PIDFD_GETFD = 438
_V6ONLY = getattr(socket, "IPV6_V6ONLY", 26)


class Loopback:
    """One container's listener; `channel` is given to its sandbox."""

    def __init__(self) -> None:
        self._here, self._there = socket.socketpair()

    @property
    def channel(self) -> int:
        return self._there.fileno()

    def serve(self, name: str) -> None:
        """Once the container is started: answer for it, from a thread, until it has ended."""
        self._there.close()
        threading.Thread(target=self._serve, name=f"loopback-{name}", daemon=True).start()

    def close(self) -> None:
        """The container was not started."""
        self._here.close()
        self._there.close()

    def _serve(self) -> None:
        listener = self._receive()
        if listener is None:
            return
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        try:
            while not any(event & select.POLLHUP for _, event in poll.poll()):  # hangs up when all are gone
                asked = bytearray(_NOTIFICATION_BYTES)
                with contextlib.suppress(FileNotFoundError):  # whoever asked was killed meanwhile
                    fcntl.ioctl(listener, _RECEIVE, asked)
                    _answer(listener, bytes(asked))
        except OSError as problem:
            _log.debug("a container's sockets are no longer watched: %s", problem)
        finally:
            os.close(listener)

    def _receive(self) -> int | None:
        """The filter's descriptor; None when the container ended before it had one."""
        with self._here as here:
            _, ancillary, _, _ = here.recvmsg(1, socket.CMSG_SPACE(4))
        for _, _, data in ancillary:
            return int(array.array("i", data[:4])[0])
        return None


def _answer(listener: int, asked: bytes) -> None:
    identity, thread, _, number, _, _, *arguments = struct.unpack(_NOTIFICATION, asked)
    error, flags = 0, _CONTINUE
    try:
        binds = number == MACHINES[platform.machine()][1]
        done = _bind(thread, arguments) if binds else _before_listening(thread, arguments[0])
        flags = 0 if done else _CONTINUE
    except OSError as problem:
        error, flags = -(problem.errno or 1), 0
    with contextlib.suppress(FileNotFoundError):  # killed meanwhile
        fcntl.ioctl(listener, _SEND, struct.pack(_RESPONSE, identity, 0, error, flags))


def _bind(thread: int, arguments: list[int]) -> bool:
    """Bind to loopback what asks for more; False leaves the call to the kernel as it is."""
    descriptor, address, length = arguments[0], arguments[1], min(arguments[2], 128)
    with open(f"/proc/{thread}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        name = memory.read(length)
    family = struct.unpack_from("=H", name)[0] if len(name) >= 2 else None
    if family not in (socket.AF_INET, socket.AF_INET6):
        return False
    port = struct.unpack_from("!H", name, 2)[0]
    host = ipaddress.ip_address(name[4:8] if family == socket.AF_INET else name[8:24])
    if host.is_loopback or getattr(host, "ipv4_mapped", None) == ipaddress.ip_address("127.0.0.1"):
        return False
    with _borrowed(thread, descriptor) as taken:
        if taken.type == socket.SOCK_DGRAM and port == 0:  # it sends, and listens to nobody else
            return False
        taken.bind((_loopback(taken), port))
    return True


def _before_listening(thread: int, descriptor: int) -> bool:
    """The kernel would give a socket that isn't bound every address and some port; give it loopback."""
    with _borrowed(thread, descriptor) as taken:
        if taken.family in (socket.AF_INET, socket.AF_INET6) and taken.getsockname()[1] == 0:
            taken.bind((_loopback(taken), 0))
    return False


def _loopback(taken: socket.socket) -> str:
    if taken.family == socket.AF_INET:
        return "127.0.0.1"
    return "::1" if taken.getsockopt(socket.IPPROTO_IPV6, _V6ONLY) else "::ffff:127.0.0.1"


def _borrowed(thread: int, descriptor: int) -> socket.socket:
    """The container's own socket, open here too."""
    process = os.pidfd_open(_leader(thread))
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        taken = libc.syscall(_PIDFD_GETFD, process, ctypes.c_int(descriptor & 0xFFFFFFFF), 0)
        if taken < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return socket.socket(fileno=taken)
    finally:
        os.close(process)


def _leader(thread: int) -> int:
    with open(f"/proc/{thread}/status", encoding="ascii", errors="replace") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("Tgid:"))
