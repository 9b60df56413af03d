"""A million requests of every kind, good and bad, to the container's own process: its memory stays flat."""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from pathlib import Path

import pytest

from inference.model import artefact
from tests.unit.inference.http.test_process import container, free_port, workers_of
from tests.unit.inference.models import artefact_of, tree_model
from tests.unit.inference.serving import read_reply, request

pytestmark = pytest.mark.endurance

REQUESTS = 1_000_000
WARM_UP = 100_000
ALLOWED_GROWTH_KB = 2048
RECORD = {"rooms": 5.0, "people": 2.0, "sea": "INLAND"}
TENSORS = [
    {"name": name, "shape": [1], "datatype": "BYTES" if isinstance(value, str) else "FP64", "data": [value]}
    for name, value in RECORD.items()
]
BATCH = [
    request("POST", "/invocations", b"5.0,2.0,INLAND", "text/csv"),
    request("POST", "/invocations", b"rooms,people,sea\n5.0,2.0,INLAND\n1,,", "text/csv"),
    request("POST", "/invocations", json.dumps([RECORD]).encode(), "application/json"),
    request("POST", "/v2/models/model/infer", json.dumps({"inputs": TENSORS}).encode(), "application/json"),
    request("POST", "/invocations", b"5.0,two,INLAND", "text/csv"),
    request("POST", "/invocations", b'{"rooms": [', "application/json"),
    request("POST", "/invocations", b"x", "application/pdf"),
    request("GET", "/nowhere"),
    request("GET", "/ping"),
    request("GET", "/metrics"),
]
STATUSES = [200, 200, 200, 200, 400, 400, 415, 404, 200, 200]


def resident_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS:")))


def ask(port: int, count: int) -> Counter[int]:
    """Send the batch over and over on one connection after another; how often each status came."""
    statuses: Counter[int] = Counter()
    for _ in range(count // (len(BATCH) * 1000)):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as peer:
            for _ in range(100):
                peer.sendall(b"".join(BATCH) * 10)
                rest = b""
                for _ in range(len(BATCH) * 10):
                    reply, rest = read_reply(peer, rest)
                    statuses[reply.status] += 1
    return statuses


@pytest.mark.timeout(1200)
def test_memory_stays_flat_over_a_million_requests(tmp_path: Path) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("this system has no /proc to read a process's memory from")
    artefact.write(tmp_path / "model", artefact_of(tree_model()))
    port = free_port()
    with container(tmp_path, port, workers=1) as process:
        threading.Thread(target=process.communicate, daemon=True).start()  # a full pipe would hold it up
        ask(port, WARM_UP)
        before = sum(map(resident_kb, workers_of(process)))
        statuses = ask(port, REQUESTS)
        after = sum(map(resident_kb, workers_of(process)))
    expected = Counter(STATUSES)
    assert statuses == {status: count * REQUESTS // len(BATCH) for status, count in expected.items()}
    assert after - before <= ALLOWED_GROWTH_KB, f"{before:,} kB before, {after:,} kB after"
