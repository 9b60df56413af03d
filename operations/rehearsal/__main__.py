"""`python -m operations.rehearsal`, which `make rehearse` starts: see performance.py."""

import sys

from localcloud.host.interrupts import quiet

if __name__ == "__main__":
    with quiet():
        from operations.rehearsal.performance import main
    sys.exit(main())
