"""Ends every process of the cloud when the cloud itself is gone, even by kill -9.

Runs as its own process, outside the cloud's session. On standard input come lines `+SESSION` and
`-SESSION`; at its end (the kernel closes the pipe whatever ended the cloud) each process of a session that
is still listed is killed. Standard library only: it starts with `python -I -S` in a few milliseconds.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time


def members(sessions: set[int]) -> list[int]:
    """Processes that belong to one of the sessions: the leader and whatever it started."""
    return [pid for pid in running() if session_of(pid) in sessions]


def running() -> list[int]:
    """Every process that hasn't ended, where there is /proc and where there is not."""
    try:
        found = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
    except OSError:
        return _listed()
    return [pid for pid in found if not _has_ended(pid)]


def session_of(pid: int) -> int:
    """The session of a process; -1 when it is gone."""
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def _has_ended(pid: int) -> bool:
    """Whether its parent only has yet to hear of its end."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] in "ZX"
    except (OSError, IndexError):
        return True


def _listed() -> list[int]:
    """As ps(1) tells it, which every Unix has."""
    said = subprocess.run(["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=False)
    rows = [line.split() for line in said.stdout.splitlines()]
    return [int(row[0]) for row in rows if len(row) == 2 and not row[1].startswith("Z")]


def signal_all(sessions: set[int], number: signal.Signals) -> list[int]:
    """Signal every member once; those that were still there."""
    found = members(sessions) if sessions else []
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    return found


def kill_all(sessions: set[int], seconds: float = 2.0) -> None:
    """Kill until nothing is left: a process may fork while it is being killed."""
    deadline = time.monotonic() + seconds
    while signal_all(sessions, signal.SIGKILL) and time.monotonic() < deadline:
        time.sleep(0.02)


def main() -> None:
    """Follow the sessions until the cloud is gone."""
    sessions: set[int] = set()
    for line in sys.stdin:
        session = int(line[1:])
        if line[0] == "+":
            sessions.add(session)
        else:
            sessions.discard(session)
    kill_all(sessions)


if __name__ == "__main__":
    main()
