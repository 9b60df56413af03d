"""What the notebooks share: a cloud to learn in, and the things that a user does to a pipeline.

With AWS_ENDPOINT_URL set (the `export` lines of `python -m localcloud up`) the notebooks use that cloud. Else
they start one of their own, which ends with the notebook's kernel. They never call the real AWS.
"""

from __future__ import annotations

import atexit
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from localcloud.commands.housing import generate  # noqa: E402
from localcloud.host.launch import launch  # noqa: E402
from operations.reading.runs import Run  # noqa: E402
from operations.reading.stage import StageReader  # noqa: E402

STACK = "housing-dev"
TARGET = "median_house_value"
_LOOK_SECONDS = 1.0
_PATIENCE_SECONDS = 1_800


def stage() -> StageReader:
    """The deployed stage; a cloud of its own is started where there is none."""
    if not os.environ.get("AWS_ENDPOINT_URL"):
        cloud = launch(project=ROOT)
        atexit.register(cloud.stop)
        os.environ.update(cloud.environment)
    return StageReader.open(STACK)


def houses(rows: int = 20_000, seed: int = 7) -> pd.DataFrame:
    """Made-up houses in the schema of pipeline.toml, always the same for the same seed."""
    return pd.read_csv(io.BytesIO(generate(rows, seed)))


def greenlight(*words: str) -> int:
    """What you would type in a terminal; its exit status."""
    print(f"$ greenlight {' '.join(words)}")
    found = subprocess.run(
        [sys.executable, "-m", "operations", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    print(found.stdout + found.stderr)
    return found.returncode


def upload(reader: StageReader, table: pd.DataFrame, name: str = "housing.csv") -> Run:
    """Upload the table and wait until its run has ended."""
    known = {summary.arn for summary in reader.runs(limit=50)}
    body = table.to_csv(index=False).encode()
    reader.clients("s3").put_object(Bucket=reader.stack.raw_bucket, Key=f"incoming/{name}", Body=body)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for summary in reader.runs(limit=10):
            if summary.arn not in known and summary.status != "RUNNING":
                return reader.run_of(summary.arn)
        time.sleep(_LOOK_SECONDS)
    raise TimeoutError(f"{name} has started no run that ended within {_PATIENCE_SECONDS} s")


def champion(reader: StageReader) -> Any:
    """The model that serves; the first upload is made where there is none yet."""
    found = reader.champion()
    if found is None:
        upload(reader, houses(5_000))
        found = reader.champion()
    return found


def ask(reader: StageReader, rows: pd.DataFrame, **more: str) -> list[float]:
    """The endpoint's answers to the rows, which bring no target."""
    body = rows.drop(columns=TARGET, errors="ignore").to_csv(index=False, header=False).encode()
    answer = reader.clients("sagemaker-runtime").invoke_endpoint(
        EndpointName=reader.stack.endpoint_name, ContentType="text/csv", Body=body, **more
    )
    return [float(line) for line in answer["Body"].read().decode().split()]


def archive(reader: StageReader, uri: str) -> Path:
    """The model as it is served, unpacked."""
    folder = Path(tempfile.mkdtemp(prefix="model-"))
    with tarfile.open(fileobj=io.BytesIO(reader.page(uri))) as packed:
        packed.extractall(folder, filter="data")
    return folder


class Traffic:
    """Callers who ask all the time, once the `with` is entered; `seen` has a row for each request."""

    def __init__(self, reader: StageReader, rows: pd.DataFrame, per_second: float = 10.0) -> None:
        self._reader, self._rows, self._pause = reader, rows, 1.0 / per_second
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.seen: list[dict[str, Any]] = []

    def _run(self) -> None:
        started = time.monotonic()
        while not self._over.is_set():
            row = self._rows.iloc[[len(self.seen) % len(self._rows)]]
            try:
                ask(self._reader, row)
                failed = False
            except Exception:  # a caller sees only that there was no answer
                failed = True
            self.seen.append({"second": int(time.monotonic() - started), "failed": failed})
            self._over.wait(self._pause)

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def broken(**faults: str) -> None:
    """Let the next model fail: `error_share="0.5"`. Without any, everything works again."""
    words = [word for name, value in faults.items() for word in (f"--{name.replace('_', '-')}", value)]
    command = ["break", *words] if faults else ["mend"]
    subprocess.run([sys.executable, "-m", "localcloud", *command], cwd=ROOT, check=True)
