"""Draws ml_pipeline.asl.json as a Mermaid flowchart, so that README's picture cannot drift from the pipeline.

python -m step_functions.diagram          print it
python -m step_functions.diagram --write  put it into README.md, between its two markers
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
BEGIN, END = "<!-- state machine: begin -->", "<!-- state machine: end -->"
# Every task's catch leads here; drawing each of those edges would hide the pipeline.
FAILURE_ENTRY = "DescribeFailure"


def render(definition: dict[str, Any]) -> str:
    """Mermaid text: tasks as boxes, choices as diamonds, ends rounded; catch edges are left out."""
    states: dict[str, dict[str, Any]] = definition["States"]
    lines = ["```mermaid", "flowchart TD", f"  Upload([CSV uploaded]) --> {definition['StartAt']}"]
    lines += [f"  {name}{_shape(name, state)}" for name, state in states.items()]
    for name, state in states.items():
        lines += [f"  {name} --> {target}" for target in _targets(state)]
    lines.append(f"  AnyTask([any task that fails]) -.-> {FAILURE_ENTRY}")
    lines += [f"  style {name} stroke:{_colour(state)}" for name, state in states.items() if _colour(state)]
    return "\n".join([*lines, "```"])


def _shape(name: str, state: dict[str, Any]) -> str:
    if state["Type"] == "Choice":
        return "{" + name + "?}"
    if state["Type"] in ("Succeed", "Fail"):
        return f"([{name}])"
    return f"[{name}]"


def _colour(state: dict[str, Any]) -> str:
    return {"Succeed": "#2a2", "Fail": "#c22"}.get(state["Type"], "")


def _targets(state: dict[str, Any]) -> list[str]:
    targets = [choice["Next"] for choice in state.get("Choices", [])]
    targets += [state[key] for key in ("Default", "Next") if key in state]
    return list(dict.fromkeys(targets))


def current() -> str:
    """The picture of the pipeline as it is."""
    return render(json.loads((HERE / "ml_pipeline.asl.json").read_text()))


def embedded(text: str) -> str:
    """The picture that a README's text holds; raises ValueError without the markers."""
    start = text.index(BEGIN) + len(BEGIN)
    return text[start : text.index(END)].strip()


def main() -> None:
    if "--write" not in sys.argv[1:]:
        print(current())
        return
    text = README.read_text()
    README.write_text(text.replace(embedded(text), current()))


if __name__ == "__main__":
    main()
