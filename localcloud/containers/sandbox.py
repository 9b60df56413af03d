"""Gives a program a root file system of its own before it starts, and tells who listens where.

Run as `python -I -S -c THIS PLAN PROGRAM ARGUMENTS`, with PLAN in JSON (`rootfs` writes it). A
user and a mount namespace (user_namespaces(7)) hold nothing but what the plan binds: no home, no state of
the cloud, no /usr/local. Then every privilege over them is dropped. A seccomp filter (seccomp(2)) reports
each bind(2) and listen(2) to the process that started this one (`loopback`), which does it on
loopback instead. Standard library alone: this text is all that the namespace sees of the embedded cloud.
"""

from __future__ import annotations

import array
import ctypes
import json
import os
import platform
import signal
import socket
import struct
import sys
from typing import Any

# As `docker run` exits when the container can't be started.
CANNOT = 125
_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND = 1, 2, 4, 32, 4096
_MS_REC, _MS_PRIVATE, _MNT_DETACH = 16384, 1 << 18, 2
_AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY, _SYS_MOUNT_SETATTR = -100, 0x8000, 1, 442
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _LAST_CAPABILITY = 1, 24, 38, 63
_NEW_LISTENER, _SET_MODE_FILTER = 8, 1
_ALLOW, _USER_NOTIFICATION = 0x7FFF0000, 0x7FC00000
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
# The kernel's numbers: audit architecture; bind, listen, seccomp, pivot_root.
MACHINES = {"x86_64": (0xC000003E, 49, 50, 317, 155), "aarch64": (0xC00000B7, 200, 201, 277, 41)}

_libc: Any = None


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def _call(name: str, *arguments: Any) -> int:
    """A function of the C library; OSError where it fails."""
    global _libc
    _libc = _libc or ctypes.CDLL(None, use_errno=True)
    done = int(getattr(_libc, name)(*arguments))
    if done < 0:
        number = ctypes.get_errno()
        shown = [word.decode() for word in arguments if isinstance(word, bytes)]
        raise OSError(number, f"{name} {' '.join(shown)}: {os.strerror(number)}")
    return done


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    words = (source.encode(), target.encode(), kind.encode())
    _call("mount", *words, ctypes.c_ulong(flags), data.encode())


def _own_namespaces() -> None:
    user, group = os.getuid(), os.getgid()
    _call("unshare", _CLONE_NEWUSER | _CLONE_NEWNS)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    _mount("none", "/", "", _MS_REC | _MS_PRIVATE)


def _furnish(plan: dict[str, Any], root: str) -> None:
    """Lay out the new root; every step is `[what, where inside, ...]`, in order."""
    _mount("tmpfs", root, "tmpfs", _MS_NOSUID, "mode=755")
    for what, inside, *rest in plan["steps"]:
        place = root + inside
        if what == "directory":
            os.makedirs(place, exist_ok=True)
        elif what == "link":
            os.symlink(rest[0], place)
        elif what == "text":
            with open(place, "w", encoding="utf-8") as file:
                file.write(rest[0])
        elif what == "tmpfs":
            os.makedirs(place, exist_ok=True)
            _mount("tmpfs", place, "tmpfs", _MS_NOSUID | _MS_NODEV, rest[0])
        elif what == "over":
            _mount(root + rest[0], place, "", _MS_BIND)
        else:
            _bind(rest[0], place, read_only=what == "read")


def _bind(source: str, place: str, *, read_only: bool) -> None:
    if os.path.isdir(source):
        os.makedirs(place, exist_ok=True)
    elif not os.path.exists(place):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY))
    _mount(source, place, "", _MS_BIND | _MS_REC)
    if read_only:
        _make_read_only(place)


def _make_read_only(place: str) -> None:
    attributes = struct.pack("QQQQ", _MOUNT_ATTR_RDONLY, 0, 0, 0)
    try:
        _call(
            "syscall",
            _SYS_MOUNT_SETATTR,
            _AT_FDCWD,
            place.encode(),
            _AT_RECURSIVE,
            attributes,
            len(attributes),
        )
    except OSError:  # before Linux 5.12: keep the flags that the mount is locked with
        kept = os.statvfs(place).f_flag & (_MS_RDONLY | _MS_NOSUID | _MS_NODEV | 8 | 1024 | 2048)
        _mount("none", place, "", _MS_REMOUNT | _MS_BIND | _MS_RDONLY | kept)


def _enter(root: str, *, read_only: bool) -> None:
    old = root + "/.old"
    os.mkdir(old)
    _call("syscall", MACHINES[platform.machine()][4], root.encode(), old.encode())
    os.chdir("/")
    _call("umount2", b"/.old", _MNT_DETACH)
    os.rmdir("/.old")
    if read_only:
        _mount("none", "/", "", _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID)


def _drop_privileges() -> None:
    """Root of nothing: neither mounts nor other users' files are its to change."""
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            _call("prctl", _PR_CAPBSET_DROP, capability, 0, 0, 0)
        except OSError:
            break


def filter_program(machine: str) -> bytes:
    """The filter that reports bind and listen; raises KeyError for a machine that isn't known."""
    architecture, bind, listen = MACHINES[machine][:3]
    code = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, 0),
        (_EQUAL, 1, 0, bind),
        (_EQUAL, 0, 1, listen),
        (_RETURN, 0, 0, _USER_NOTIFICATION),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _report_listening(channel: int) -> None:
    """Install the filter and hand its listener over; without one the other end reads nothing."""
    with socket.socket(fileno=channel) as parent:
        code = filter_program(platform.machine())
        filters = _Program(len(code) // 8, code)
        _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        number = MACHINES[platform.machine()][3]
        listener = _call("syscall", number, _SET_MODE_FILTER, _NEW_LISTENER, ctypes.byref(filters))
        rights = array.array("i", [listener])
        parent.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        os.close(listener)


def main(words: list[str]) -> None:
    """Become the program within the plan's walls; exits with CANNOT when they can't be built."""
    plan, command = json.loads(words[0]), words[1:]
    try:
        if plan.get("root"):
            _own_namespaces()
            _furnish(plan, plan["root"])
            _enter(plan["root"], read_only=plan["read_only"])
            _drop_privileges()
        os.chdir(plan["directory"])
        _call("prctl", _PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if plan.get("channel") is not None:
            _report_listening(plan["channel"])
        os.execvp(command[0], command)  # noqa: S606 (no shell is wanted)
    except (OSError, KeyError, AttributeError) as problem:
        print(f"container: cannot start {command[0]}: {problem}", file=sys.stderr)
        sys.exit(CANNOT)


if __name__ == "__main__":
    main(sys.argv[1:])
