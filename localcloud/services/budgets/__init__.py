"""AWS::Budgets::Budget in templates; ministack has the service's API alone.

Ref is the budget's name. A new name replaces the budget, and so do other notifications; its other data change
in place (CloudFormation template reference, `AWS::Budgets::Budget`). Nothing here costs money, so a budget
stays at what it has spent: nothing, and no notification is ever sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import budgets, provisioners

KIND = "AWS::Budgets::Budget"
Properties = Mapping[str, Any]
Created = tuple[str, dict[str, str]]
_MAX_NAME = 100


def install(cloud: Cloud) -> None:
    provisioners.RESOURCE_HANDLERS[KIND] = {
        "create": create,
        "update": update,
        "update_with_logical_id": True,
        "delete": delete,
    }


def create(logical_id: str, properties: Properties, stack_name: str) -> Created:
    """Raises ValueError with the service's own words."""
    budget = _budget(logical_id, properties, stack_name)
    _ask(
        budgets.create_budget,
        {
            "Budget": budget,
            "NotificationsWithSubscribers": list(properties.get("NotificationsWithSubscribers", [])),
            "ResourceTags": list(properties.get("ResourceTags", [])),
        },
    )
    return str(budget["BudgetName"]), {}


def update(
    physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str | None = None
) -> Created:
    """In place, or by a new one where the name or the notifications change."""
    budget = _budget(logical_id or physical_id, new, stack_name)
    if not new["Budget"].get("BudgetName"):
        budget["BudgetName"] = physical_id
    same = old.get("NotificationsWithSubscribers") == new.get("NotificationsWithSubscribers")
    if budget["BudgetName"] == physical_id and same:
        _ask(budgets.update_budget, {"NewBudget": budget})
        return physical_id, {}
    delete(physical_id, old)
    return create(logical_id or physical_id, {**new, "Budget": budget}, stack_name)


def delete(physical_id: str, properties: Properties) -> None:
    """Of a budget that is gone already, nothing."""
    budgets.delete_budget({"BudgetName": physical_id})


def _budget(logical_id: str, properties: Properties, stack_name: str) -> dict[str, Any]:
    """The budget with its name; amounts are texts in the API, whatever the template writes."""
    given = dict(properties.get("Budget") or {})
    if "BudgetLimit" in given:
        given["BudgetLimit"] = {**given["BudgetLimit"], "Amount": str(given["BudgetLimit"].get("Amount"))}
    if not given.get("BudgetName"):
        given["BudgetName"] = provisioners.physical_name(stack_name, logical_id, max_len=_MAX_NAME)
    return given


def _ask(operation: Any, request: dict[str, Any]) -> None:
    status, _, body = operation(request)
    if status != 200:
        found = json.loads(body)
        raise ValueError(f"{found.get('__type', status)}: {found.get('message') or found.get('Message')}")
