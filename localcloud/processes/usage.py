"""What processes use of this machine: read from /proc where there is one, asked of psutil elsewhere.

/proc is read directly because many processes are looked at many times a second.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cache

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@cache
def has_proc() -> bool:
    """Whether this system tells of processes as Linux does."""
    return os.path.exists("/proc/self/statm")


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and its descendants; 0 when it is gone."""
    return _from_proc(pid) if has_proc() else _from_psutil(pid)


def cpu_seconds(pid: int) -> float:
    """CPU time that a process and its descendants have used, those that ended too; 0 when it is gone."""
    if has_proc():
        return sum(map(_cpu_ticks, _tree(pid))) / os.sysconf("SC_CLK_TCK")
    import psutil

    total = 0.0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                times = each.cpu_times()
                ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
                total += float(times.user + times.system + ended)
    return total


def peak_bytes(pid: int) -> int:
    """The most resident memory that a process has had; what it has now where the system keeps no record."""
    if has_proc():
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int(contents(f"/proc/{pid}/status").split(b"VmHWM:")[1].split()[0]) * 1024
        return 0
    return _from_psutil(pid)


def contents(path: str) -> bytes:
    """A small file of /proc, without the buffers of `open`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 65536)
    finally:
        os.close(descriptor)


def _from_proc(pid: int) -> int:
    total = 0
    for process in _tree(pid):
        with contextlib.suppress(OSError, ValueError, IndexError):
            total += int(contents(f"/proc/{process}/statm").split()[1]) * _PAGE_BYTES
    return total


def _cpu_ticks(pid: int) -> int:
    """Its own and those of its children that ended."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        return sum(int(field) for field in fields[11:15])
    return 0


def _tree(pid: int) -> Iterator[int]:
    """A process and its descendants, as far as they are there."""
    waiting = [pid]
    while waiting:
        process = waiting.pop()
        yield process
        with contextlib.suppress(OSError, ValueError):
            for task in os.listdir(f"/proc/{process}/task"):
                waiting += map(int, contents(f"/proc/{process}/task/{task}/children").split())


def _from_psutil(pid: int) -> int:
    import psutil

    total = 0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += each.memory_info().rss
    return total
