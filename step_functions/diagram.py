"""Draws ml_pipeline.asl.json as a Mermaid flowchart, so that the picture cannot drift from the pipeline.

python -m step_functions.diagram          print it
python -m step_functions.diagram --write  put it into README.md beside this, between its two markers
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
README = HERE / "README.md"
BEGIN, END = "<!-- state machine: begin -->", "<!-- state machine: end -->"


def render(definition: dict[str, Any]) -> str:
    """Mermaid text: tasks as boxes, choices as diamonds with their rules' comments, ends rounded.

    States that only a Catch leads to are left out: every task has one, and they would hide the pipeline.
    """
    states: dict[str, dict[str, Any]] = definition["States"]
    shown = _reached(states, definition["StartAt"])
    lines = ["```mermaid", "flowchart TD", f"  Upload([CSV uploaded]) --> {definition['StartAt']}"]
    lines += [f"  {name}{_shape(name, states[name])}" for name in shown]
    for name in shown:
        lines += [f"  {name} -->{label} {target}" for target, label in _edges(states[name])]
    lines += [f"  style {name} stroke:{_colour(states[name])}" for name in shown if _colour(states[name])]
    return "\n".join([*lines, "```"])


def _reached(states: dict[str, dict[str, Any]], start: str) -> list[str]:
    """The states that are reached without a Catch, in the file's order."""
    found, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [target for target, _ in _edges(states[name])]
    return [name for name in states if name in found]


def _shape(name: str, state: dict[str, Any]) -> str:
    if state["Type"] == "Choice":
        return "{" + name + "?}"
    if state["Type"] in ("Succeed", "Fail"):
        return f"([{name}])"
    return f"[{name}]"


def _colour(state: dict[str, Any]) -> str:
    return {"Succeed": "#2a2", "Fail": "#c22"}.get(state["Type"], "")


def _edges(state: dict[str, Any]) -> list[tuple[str, str]]:
    """Where a state leads, and the arrow's label; rules that lead to one state share an arrow."""
    comments: dict[str, list[str]] = {}
    for choice in state.get("Choices", []):
        comments.setdefault(choice["Next"], []).append(choice.get("Comment", ""))
    for key in ("Default", "Next"):
        if key in state:
            comments.setdefault(state[key], [])
    return [(target, _label(" or ".join(filter(None, words)))) for target, words in comments.items()]


def _label(text: str) -> str:
    return f"|{text}|" if text else ""


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
