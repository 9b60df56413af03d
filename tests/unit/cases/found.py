"""Files that other people's tools have written, kept outside of the repository, beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

CASES = Path(__file__).resolve().parents[4] / "shared" / "cases"
needed = pytest.mark.skipif(not CASES.is_dir(), reason=f"the files of the cases are not at {CASES}")
