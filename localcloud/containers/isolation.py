"""Cuts a program off from the network before it starts: it may answer, and can call nobody.

Run as `python -c THIS -- PROGRAM ARGUMENTS`. A seccomp filter (seccomp(2)) makes every way out fail with
ENETUNREACH: connecting, datagram sockets (so names resolve to nothing), TCP fast open, and io_uring, which
would go round the filter. Listening and answering stay allowed, on this machine's own network, so that the
gateway reaches the container as it reaches any other. The filter outlives exec and is inherited.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

# Exit status of `docker run` when the container can't be started; this program's when nothing was filtered.
CANNOT = 125
_ALLOW, _REFUSE, _NO_SUCH_CALL = 0x7FFF0000, 0x00050000 | 101, 0x00050000 | 38  # ERRNO | ENETUNREACH, ENOSYS
_LOAD, _EQUAL, _ANY_BIT, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x54, 0x06
_NUMBER, _ARCHITECTURE = 0, 4
_FIRST, _SECOND, _THIRD, _FOURTH = 16, 24, 32, 40  # struct seccomp_data: the low words of a call's arguments
_INET, _INET6, _NETLINK, _UNIX, _STREAM = 2, 10, 16, 1, 1
_FAST_OPEN = 0x20000000
_X32 = 0x40000000
# The kernel's audit.h and unistd.h: audit architecture; socket, connect, sendto, sendmsg, sendmmsg.
_MACHINES = {
    "x86_64": (0xC000003E, 41, 42, 44, 46, 307),
    "aarch64": (0xC00000B7, 198, 203, 206, 211, 269),
}
_IO_URING_SETUP = 425
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2


def program(machine: str) -> bytes:
    """The filter for a machine (`platform.machine()`), as the kernel takes it; raises KeyError."""
    architecture, socket, connect, sendto, sendmsg, sendmmsg = _MACHINES[machine]
    code: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _NO_SUCH_CALL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _NO_SUCH_CALL),
        (_EQUAL, 0, 1, connect),
        (_RETURN, 0, 0, _REFUSE),
        (_EQUAL, 0, 1, _IO_URING_SETUP),
        (_RETURN, 0, 0, _NO_SUCH_CALL),
        *_unless_flag(sendto, _FOURTH),
        *_unless_flag(sendmsg, _THIRD),
        *_unless_flag(sendmmsg, _FOURTH),
        *_streams_only(socket),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _unless_flag(number: int, flags: int) -> list[tuple[int, int, int, int]]:
    """Refuse the call with MSG_FASTOPEN, which connects as it sends."""
    return [
        (_EQUAL, 0, 3, number),
        (_LOAD, 0, 0, flags),
        (_ANY_BIT, 0, 1, _FAST_OPEN),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, _NUMBER),
    ]


def _streams_only(number: int) -> list[tuple[int, int, int, int]]:
    """Sockets of this machine alone (AF_UNIX, AF_NETLINK), and TCP's to listen on."""
    return [
        (_EQUAL, 0, 9, number),
        (_LOAD, 0, 0, _FIRST),
        (_EQUAL, 7, 0, _UNIX),
        (_EQUAL, 6, 0, _NETLINK),
        (_EQUAL, 1, 0, _INET),
        (_EQUAL, 0, 3, _INET6),
        (_LOAD, 0, 0, _SECOND),
        (_AND, 0, 0, 0xF),
        (_EQUAL, 1, 0, _STREAM),
        (_RETURN, 0, 0, _REFUSE),
    ]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def cut() -> None:
    """Filter this process and whatever it becomes or starts; raises OSError or KeyError."""
    code = program(platform.machine())
    filters = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    for call in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filters), 0, 0),
    ):
        if libc.prctl(*call):
            raise OSError(ctypes.get_errno(), "this kernel takes no seccomp filter")


def main(words: list[str]) -> None:
    try:
        cut()
    except (OSError, KeyError, AttributeError) as problem:
        print(f"isolation: {problem}", file=sys.stderr)
        sys.exit(CANNOT)
    os.execvp(words[0], words)  # noqa: S606 (no shell is wanted)


if __name__ == "__main__":
    main(sys.argv[sys.argv.index("--") + 1 :])
