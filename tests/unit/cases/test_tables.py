"""Tables of other people, each taken whole by its own draft, or refused with a way on."""

from __future__ import annotations

import pytest

from operations.draft.drafting import drafted
from operations.draft.errors import DraftError
from operations.draft.table import table_of
from tests.unit.cases.found import CASES, needed

pytestmark = needed
TARGETS = {"21": "churned", "60": "species", "70": "diagnosis", "71": "diagnosis"}
REFUSED = {"42": "rename all but one"}
NAMES = sorted(path.name for path in CASES.glob("tables/*.csv"))


@pytest.mark.parametrize("name", NAMES)
def test_its_own_draft_takes_it(name: str) -> None:
    path, number = CASES / "tables" / name, name[:2]
    if number in REFUSED:
        with pytest.raises(DraftError, match=REFUSED[number]), table_of(path) as table:
            drafted(table, "spend")
        return
    with table_of(path) as table:
        plan, _, trial = drafted(table, TARGETS.get(number, "spend"))
    lines = len(path.read_text(encoding="utf-8-sig").splitlines())
    assert (trial.faults, trial.rows, trial.set_aside) == ((), lines - 1, plan.bad_rows)
    assert trial.train_rows + trial.holdout_rows + trial.set_aside == lines - 1
