"""Shows each fault on a ministack as it comes: `python -m localcloud.ministack_adapter.faults`."""

from __future__ import annotations

import sys

from localcloud.ministack_adapter.faults.reproduction import FAULTS, plain_ministack


def main() -> int:
    """Print each fault and whether it is there; 1 if one is gone."""
    gone = 0
    with plain_ministack() as client:
        for fault in FAULTS:
            is_there = fault.shows(client)
            gone += not is_there
            title = (fault.__doc__ or "").partition("\n")[0]
            print(f"{'there' if is_there else 'GONE '}  {fault.__name__.rpartition('.')[2]}: {title}")
    return int(gone > 0)


if __name__ == "__main__":
    sys.exit(main())
