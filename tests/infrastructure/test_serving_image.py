"""The serving image holds what its code imports: a module that nobody copied fails every container's ping."""

from __future__ import annotations

from pathlib import Path

from infra_cdk.functions.imports import imported_files
from infra_cdk.models.images import DOCKERFILES, copied_by

ROOT = Path(__file__).parents[2]


def test_the_serving_image_has_every_file_that_its_code_imports() -> None:
    copied = [Path(source) for source in copied_by(ROOT / DOCKERFILES["serving"])]
    modules = [
        ".".join(file.relative_to(ROOT).with_suffix("").parts) for file in ROOT.glob("inference/**/*.py")
    ]

    wanted = imported_files(ROOT, modules)

    assert Path("contracts/values.py") in wanted
    assert [file for file in wanted if not any(file == one or one in file.parents for one in copied)] == []
