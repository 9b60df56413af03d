"""Tables as people have them, and what the draft makes of them."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from pathlib import Path

from contracts.pipeline_config import PipelineConfig
from operations.draft.plan import Plan, plan_of
from operations.draft.table import table_of
from operations.draft.toml import toml_of

HEADER = ("age", "region", "member", "spend")


def rows(count: int = 120, seed: int = 1) -> list[tuple[str, ...]]:
    """Age with one decimal, region, member, and spend with two; of the kinds of a shop's customers."""
    draw = random.Random(seed)
    found: list[tuple[str, ...]] = []
    for _ in range(count):
        age = draw.uniform(18, 80)
        found.append(
            (
                f"{age:.1f}",
                draw.choice(("north", "south", "east")),
                draw.choice(("yes", "no")),
                f"{3 * age + draw.gauss(0, 5):.2f}",
            )
        )
    return found


def text(
    table: Sequence[Sequence[str]], header: Sequence[str] = HEADER, delimiter: str = ",", decimal: str = "."
) -> str:
    lines = [delimiter.join(header)]
    lines += [delimiter.join(value.replace(".", decimal) for value in row) for row in table]
    return "\n".join(lines) + "\n"


def saved(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def planned(path: Path, target: str = "spend", task: str = "") -> tuple[Plan, PipelineConfig]:
    """The plan, and the configuration that its text gives."""
    with table_of(path) as table:
        plan = plan_of(table, target, task)
        return plan, PipelineConfig.from_document(tomllib.loads(toml_of(plan, path.name.partition(".")[0])))


def column_of(name: str, values: Sequence[str], tmp_path: Path) -> tuple[Plan, PipelineConfig]:
    """The draft of the usual table with one more column, put first."""
    table = [(value, *row) for value, row in zip(values, rows(len(values)), strict=True)]
    quoted = [tuple(f'"{value}"' if "," in value else value for value in row) for row in table]
    return planned(saved(tmp_path / "shop.csv", text(quoted, (name, *HEADER))))
