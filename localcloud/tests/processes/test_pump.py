"""Lines of a process arrive before what it does next is told."""

import subprocess
import sys

from localcloud.processes.pump import Pump

WRITER = """
import sys
for line in sys.stdin:
    for number in range(int(line)):
        print(number)
    print("written", file=sys.stderr, flush=True)
"""


def test_what_was_written_is_delivered_once_settled():
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", WRITER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    lines: list[str] = []
    pump = Pump(process, lines.append, None)
    for expected in (1, 5000, 3):
        lines.clear()
        process.stdin.write(f"{expected}\n".encode())
        process.stdin.flush()
        process.stderr.readline()
        pump.settle(timeout_seconds=30)
        assert lines == [str(number) for number in range(expected)]
    process.stdin.close()
    assert pump.wait(30)
    pump.settle(timeout_seconds=30)
    process.stderr.close()
