"""ministack's Budgets."""

from __future__ import annotations

from localcloud.ministack_adapter.seam import Seam, Uses


class Budgets(Seam):
    path = "ministack.services.budgets"

    create_budget = Uses("_create_budget", takes="data")
    update_budget = Uses("_update_budget", takes="data")
    delete_budget = Uses("_delete_budget", takes="data")


budgets = Budgets()
