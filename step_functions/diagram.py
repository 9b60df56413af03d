"""Draws the pipeline as Mermaid flowcharts, so that no picture can drift from it.

python -m step_functions.diagram          print them
python -m step_functions.diagram --write  put them between two markers each: the whole into README.md here,
                                          the short one into the repository's README.md
"""

from __future__ import annotations

import sys
from typing import Any

from step_functions.loading import HERE, load

README = HERE / "README.md"
FRONT = HERE.parent / "README.md"
# What the short picture shows: where data, model and traffic change hands.
SHORT = (
    "CheckPreconditions",
    "IngestData",
    "TrainModel",
    "EvaluateModel",
    "RegisterModel",
    "AcquireLease",
    "DeployModel",
    "CheckDeployment",
    "ReturnHome",
    "PromoteChampion",
    "RejectChallenger",
    "DatasetRejected",
    "ChallengerRejected",
    "AskOperators",
)
OPAQUE = ("arn:aws:states:::lambda:", "arn:aws:states:::states:")
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


def overview(definition: dict[str, Any]) -> str:
    """Mermaid text of the states in SHORT; an arrow leads to those that come next, whatever is asked between.

    The ways of a lost endpoint, of parts and of a rollback are left out: a way ends at a function, or at an
    execution, that is not shown.
    """
    states: dict[str, dict[str, Any]] = definition["States"]
    follows = {name: _shown_next(states, name) for name in SHORT}
    only = {name: next(iter(ways)) for name, ways in follows.items() if len(ways) == 1}
    lines = [f"  Upload([CSV uploaded]) --> {_chain(SHORT[0], only)}"]
    for name, ways in follows.items():
        if name not in only:
            lines += [f"  {name} -->{_label(word)} {_chain(to, only)}" for to, word in ways.items()]
    drawing = "\n".join(["```mermaid", "flowchart LR", *lines, "```"])
    for name in filter(lambda name: _colour(states[name]), SHORT):
        drawing = drawing.replace(name, f"{name}{_shape(name, states[name])}", 1)
    return drawing


def _chain(name: str, only: dict[str, str]) -> str:
    """A state with those that follow it as the only ones; no state stands in it twice."""
    names = [name]
    while names[-1] in only and only[names[-1]] not in names:
        names.append(only[names[-1]])
    return " --> ".join(names)


def _shown_next(states: dict[str, dict[str, Any]], start: str) -> dict[str, str]:
    """The shown states that follow a shown one, each with the answer that leads there."""
    found: dict[str, str] = {}
    seen, waiting = {start}, [(target, "") for target, _ in _edges(states[start])]
    while waiting:
        name, word = waiting.pop(0)
        if name in SHORT:
            found.setdefault(name, word)
        elif name not in seen and not states[name].get("Resource", "").startswith(OPAQUE):
            seen.add(name)
            asks = states[name]["Type"] == "Choice"
            waiting += [(to, label.strip("|") if asks else word) for to, label in _edges(states[name])]
    found.pop(start, None)
    return found


def current() -> str:
    """The picture of the whole pipeline as it is."""
    return render(load())


def short() -> str:
    """The picture for the front page."""
    return overview(load())


def embedded(text: str) -> str:
    """The picture that a README's text holds; raises ValueError without the markers."""
    start = text.index(BEGIN) + len(BEGIN)
    return text[start : text.index(END)].strip()


def main() -> None:
    if "--write" not in sys.argv[1:]:
        print(f"{short()}\n\n{current()}")
        return
    for path, picture in ((FRONT, short()), (README, current())):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(embedded(text), picture), encoding="utf-8")


if __name__ == "__main__":
    main()
