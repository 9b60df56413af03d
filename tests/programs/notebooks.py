"""`make notebooks`: runs each notebook top to bottom in one embedded cloud, and keeps what came out.

Names after the command choose some. With AWS_ENDPOINT_URL set, the cloud there is used.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = PROJECT / "notebooks"
OUT = PROJECT / "build" / "notebooks"
CELL_SECONDS = 1_800
START_SECONDS = 600


def chosen(words: Sequence[str]) -> list[Path]:
    """All, or those whose names begin with one of the words; raises ValueError for a word that finds none."""
    found = sorted(NOTEBOOKS.glob("*.ipynb"))
    if lost := [word for word in words if not any(path.name.startswith(word) for path in found)]:
        raise ValueError(f"no notebook begins with {lost[0]!r}: {', '.join(path.name for path in found)}")
    return [path for path in found if not words or path.name.startswith(tuple(words))]


def run(path: Path) -> str:
    """Run it; what went wrong, empty if nothing did."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_SECONDS,
        startup_timeout=START_SECONDS,
        resources=resources,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        return str(error)
    finally:
        OUT.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, OUT / path.name)
    return ""


def main(words: Sequence[str]) -> int:
    failed = 0
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads that wait for each other starve on a busy machine
    with ExitStack() as stack:
        if not os.environ.get("AWS_ENDPOINT_URL"):
            from localcloud.host.launch import launch

            cloud = stack.enter_context(launch(project=PROJECT))
            os.environ.update(cloud.environment)
        for path in chosen(words):
            started = time.monotonic()
            fault = run(path)
            failed += bool(fault)
            print(
                f"{path.name}: {'FAILED' if fault else 'ran'} in {time.monotonic() - started:.0f} s",
                flush=True,
            )
            if fault:
                print(fault, flush=True)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
