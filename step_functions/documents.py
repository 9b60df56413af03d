"""Writes the table of an execution's document from contracts/documents, so that the prose cannot drift.

python -m step_functions.documents          print it
python -m step_functions.documents --write  put it into README.md beside this, between its two markers
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields

from contracts.documents.data import UploadInput
from contracts.documents.deployments import Rollback
from contracts.documents.document import Document
from contracts.documents.execution import STATES, Error
from contracts.documents.models import Registration, Training
from step_functions.diagram import README

BEGIN, END = "<!-- document: begin -->", "<!-- document: end -->"
OUTCOMES = (
    "`Promoted`, `ChallengerRejected`, `DatasetRejected`, `Superseded`, `EndpointServes`, or for a person to "
    "decide: `NotComparable`, `ChampionCollapsed`; or `error`: "
)


def render() -> str:
    """A Markdown table in the order in which an execution gains the keys."""
    rows = ["| after | key | what it holds |", "|---|---|---|", *_rows()]
    return "\n".join(rows)


def _rows() -> Iterator[str]:
    upload = "one version of one object, as S3 announced it; `sequencer` orders uploads of one second"
    yield _row("(start)", _names(UploadInput), upload)
    yield _row("(start)", "`rollback`", _holds(Rollback))
    seen: set[type[Document]] = set()
    for name, state in STATES.items():
        if name == "EvaluateModel":
            yield _row("TrainModel", "`training`", _holds(Training))
        if name == "FindPreviousChampion":
            registered = f"as TrainModel and RegisterModel gave them once ({_names(Registration)})"
            yield _row(name, "`training`, `registration`, `rollback`", f"{registered}; see above")
        elif state.key:
            new = [_holds(answer) for answer in state.answers if answer not in seen]
            known = ["as above"] if seen & set(state.answers) else []
            yield _row(name, f"`{state.key}`", "; or ".join([*new, *known]))
        seen |= set(state.answers)
    yield _row("(end)", "`outcome`, `reason`", OUTCOMES + _holds(Error))


def _row(after: str, key: str, holds: str) -> str:
    return f"| {after} | {key} | {holds} |"


def _holds(kind: type[Document]) -> str:
    """Fields, and the docstring's first paragraph; a field that may be absent has a question mark."""
    words = (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ").removesuffix(".")
    return f"{_names(kind)}. {words}"


def _names(kind: type[Document]) -> str:
    return ", ".join(f"`{f.name}`{'' if f.default is MISSING else '?'}" for f in fields(kind))


def embedded(text: str) -> str:
    """The table that a README's text holds; raises ValueError without the markers."""
    start = text.index(BEGIN) + len(BEGIN)
    return text[start : text.index(END)].strip()


def main() -> None:
    if "--write" not in sys.argv[1:]:
        print(render())
        return
    text = README.read_text()
    README.write_text(text.replace(embedded(text), render()))


if __name__ == "__main__":
    main()
