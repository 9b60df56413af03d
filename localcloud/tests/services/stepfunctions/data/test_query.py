"""How long an expression may take."""

from __future__ import annotations

import pytest

from localcloud.processes import load
from localcloud.services.stepfunctions.data.query import compiled


@pytest.mark.parametrize(("busy", "milliseconds"), [(1.0, 1000), (7.5, 7500)])
def test_an_expression_has_a_second_and_longer_on_a_busy_machine(monkeypatch, busy, milliseconds):
    monkeypatch.setattr(load, "factor", lambda: busy)
    assert compiled("1 + 1").timeout == milliseconds


def test_an_expression_that_goes_on_for_ever_is_ended(monkeypatch):
    monkeypatch.setattr(load, "factor", lambda: 0.1)
    with pytest.raises(Exception, match="timeout"):
        compiled("[1..10000000] ~> $count()").evaluate(None, {})
