"""How much longer real work may take because this machine is busy with other things.

Limits that AWS sets on a process of a machine of its own (a ping within 2 s, an init within 10 s) are kept on
a quiet machine; where more processes want to run than there are processors, each gets its share of them, and
the limits grow as the share shrinks.
"""

from __future__ import annotations

import os

MOST = 20.0


def factor() -> float:
    """1 on a quiet machine; the one-minute load for each processor on a busy one."""
    try:
        load = os.getloadavg()[0]
    except (OSError, AttributeError):  # no such figure on this system
        return 1.0
    return min(MOST, max(1.0, load / (os.cpu_count() or 1)))
