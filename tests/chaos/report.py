"""What the scenarios and the runs came to, kept in build/chaos and told in docs/reliability.md."""

from __future__ import annotations

import json

from tests.chaos.project import BUILD

SCENARIOS = BUILD / "scenarios.jsonl"


def record(scenario: str, *, tried: int, survived: int, **outcomes: int) -> None:
    """Note a scenario's figures; the latest for its name count."""
    SCENARIOS.parent.mkdir(parents=True, exist_ok=True)
    line = {"scenario": scenario, "tried": tried, "survived": survived, "outcomes": outcomes}
    with SCENARIOS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
