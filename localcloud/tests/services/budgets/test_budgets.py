"""A template's budget: made, changed, replaced, deleted, and refused in the service's words."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from localcloud.services import budgets

FORECAST = {
    "Notification": {
        "NotificationType": "FORECASTED",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 100,
    },
    "Subscribers": [{"SubscriptionType": "SNS", "Address": "arn:aws:sns:us-east-1:111122223333:alarms"}],
}


class Service:
    """Remembers what it was asked."""

    def __init__(self, status: int = 200) -> None:
        self.asked: list[tuple[str, Any]] = []
        self._status = status

    def __getattr__(self, name: str) -> Any:
        def answer(data: Any) -> tuple[int, dict[str, str], bytes]:
            self.asked.append((name, data))
            return self._status, {}, b'{"__type": "InvalidParameterException", "message": "no unit"}'

        return answer


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    found = Service()
    monkeypatch.setattr(budgets, "budgets", found)
    return found


def properties(amount: float = 150, **budget: Any) -> dict[str, Any]:
    data = {"BudgetName": "a-dev", "BudgetType": "COST", "TimeUnit": "MONTHLY", **budget}
    return {
        "Budget": {**data, "BudgetLimit": {"Amount": amount, "Unit": "USD"}},
        "NotificationsWithSubscribers": [FORECAST],
    }


def test_what_is_asked_for_is_what_the_api_takes(service: Service):
    assert budgets.create("Budget", properties(), "stack") == ("a-dev", {})
    ((name, asked),) = service.asked
    assert name == "create_budget"
    assert asked["Budget"]["BudgetLimit"] == {"Amount": "150", "Unit": "USD"}
    assert asked["NotificationsWithSubscribers"] == [FORECAST]
    shape = boto3.client("budgets", region_name="us-east-1").meta.service_model.operation_model(
        "CreateBudget"
    )
    assert set(asked) <= set(shape.input_shape.members)


def test_another_amount_changes_it_in_place_and_another_name_replaces_it(service: Service):
    assert budgets.update("a-dev", properties(), properties(200), "stack") == ("a-dev", {})
    assert [name for name, _ in service.asked] == ["update_budget"]
    assert budgets.update("a-dev", properties(), properties(BudgetName="b-dev"), "stack") == ("b-dev", {})
    assert [name for name, _ in service.asked[1:]] == ["delete_budget", "create_budget"]


def test_a_refusal_is_told_in_the_service_s_words(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(budgets, "budgets", Service(400))
    with pytest.raises(ValueError, match="InvalidParameterException: no unit"):
        budgets.create("Budget", properties(), "stack")
