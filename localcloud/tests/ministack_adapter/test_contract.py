"""Holds ministack against what the adapter declares of it: an upgrade that moves a symbol fails here."""

import ast
import importlib
import inspect
from importlib.metadata import version
from pathlib import Path

import pytest

from localcloud import ministack_adapter
from localcloud.ministack_adapter.seam import Replaces, Seam, Uses, every_seam

MINISTACK = Path(importlib.import_module("ministack").__file__ or "").parent
DECLARED = [(seam, symbol) for seam in every_seam() for symbol in seam.symbols()]
REPLACED = [(seam, symbol) for seam, symbol in DECLARED if symbol.is_replaced]


def named(declared):
    return [f"{seam.path}.{symbol.name}" for seam, symbol in declared]


def test_the_version_is_the_one_that_this_was_written_for():
    assert version("ministack") == "1.5.33"


@pytest.mark.parametrize(("seam", "symbol"), DECLARED, ids=named(DECLARED))
def test_ministack_has_the_symbol_in_the_form_that_is_declared(seam: type[Seam], symbol: Uses):
    found = getattr(seam().module(), symbol.name)
    if symbol.takes is None:
        assert type(found).__name__ == symbol.holds
    else:
        assert list(inspect.signature(found).parameters) == symbol.takes.split()


@pytest.mark.parametrize("seam", every_seam(), ids=lambda seam: seam.path)
def test_every_module_that_is_touched_can_be_reached_under_a_name(seam: type[Seam]):
    assert seam in {type(getattr(ministack_adapter, name)) for name in ministack_adapter.__all__}


def bound_when_imported() -> set[tuple[str, str]]:
    """(module, symbol) of what some module of ministack takes from another when it is imported."""
    found = set()
    for path in MINISTACK.rglob("*.py"):
        package = [*path.relative_to(MINISTACK.parent).with_suffix("").parts[:-1]]
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                module = ".".join([*base, *([node.module] if node.module else [])])
                found |= {(module, alias.name) for alias in node.names}
    return found


EARLY = {("ministack.core.iam_evaluator", "is_root_access_key")}
"""STS has its own name for this one, which is replaced, too."""


def test_what_is_replaced_is_looked_up_when_it_is_called():
    """A name that ministack bound before the replacement would go on meaning ministack's own."""
    replaced = {(seam.path, symbol.name) for seam, symbol in REPLACED}
    assert replaced & bound_when_imported() == EARLY
    assert ("ministack.services.sts", "is_root_access_key") in replaced


CALLED_BY_NAME = {
    "services.lambda_svc": ("_fanout_to_subscription_filters", "record_metric"),
    "services.cloudwatch_logs": ("_fanout_to_subscription_filters(group",),
    "services.eventbridge": ("time.sleep(_SCHEDULER_TICK_INTERVAL)", "_now_ts()"),
    "services.scheduler": ("time.sleep(_SCHEDULE_TICK_INTERVAL)", "time.time()"),
    "services.autoscaling": ("_cw.cloudformation_put_metric_alarm(alarm)",),
    "services.cloudformation.engine": ("from .provisioners import _RESOURCE_HANDLERS",),
}


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, all_ in CALLED_BY_NAME.items() for text in all_]
)
def test_ministack_calls_what_is_replaced_where_it_did(name, text):
    assert text in inspect.getsource(importlib.import_module(f"ministack.{name}"))


@pytest.mark.parametrize("name", ["extract_resource_arn", "request_tag_context"])
def test_the_dispatcher_looks_a_replaced_function_up_when_it_is_called(name):
    source = inspect.getsource(ministack_adapter.app.module()._dispatch_service_request)
    assert "from ministack.core.iam_actions import" in source
    assert name in source


def test_the_stores_are_kept_per_account_and_region():
    from ministack.core.responses import AccountRegionScopedDict

    cloudwatch = ministack_adapter.cloudwatch
    for store in (cloudwatch.alarms, cloudwatch.composite_alarms, cloudwatch.alarm_history):
        assert isinstance(store, AccountRegionScopedDict)
    for method in ("contains_scoped", "get_scoped", "items_scoped", "pop_scoped", "set_scoped", "to_dict"):
        assert callable(getattr(AccountRegionScopedDict, method))


def test_alarm_rules_are_read_into_the_known_tree():
    rule = 'NOT ALARM("a") AND (OK(b) OR TRUE) OR AT_LEAST(50%, NOT OK, (a, b))'
    assert ministack_adapter.cloudwatch.parse_alarm_rule(rule) == (
        "or",
        ("and", ("not", ("state", "ALARM", "a")), ("or", ("state", "OK", "b"), ("const", True))),
        ("at_least", 50, True, True, "OK", ("a", "b")),
    )


def test_only_the_capitalised_content_type_is_rewritten():
    headers = {"content-type": "application/json"}
    ministack_adapter.responses.module().fix_success_content_type("sagemaker", 200, headers)
    assert headers == {"content-type": "application/json"}


class Sample(Seam):
    path = "json"
    dumps = Uses("dumps", takes="")
    loads = Replaces("loads", takes="")


SAMPLE = Sample()


@pytest.fixture(autouse=True)
def _only_ministacks_seams_are_counted():
    assert [seam for seam, _ in DECLARED if seam is Sample] == []


def test_a_symbol_is_read_when_it_is_used_and_one_that_is_only_used_cannot_be_replaced(monkeypatch):
    json = SAMPLE.module()
    monkeypatch.setattr(json, "dumps", "other")
    monkeypatch.setattr(json, "loads", json.loads)
    assert SAMPLE.dumps == "other"
    SAMPLE.loads = "mine"
    assert json.loads == "mine"
    with pytest.raises(AttributeError, match=r"json\.dumps is declared as used, not as replaced"):
        SAMPLE.dumps = "mine"


def test_what_is_not_declared_cannot_be_reached():
    with pytest.raises(AttributeError):
        _ = SAMPLE.JSONDecoder  # type: ignore[attr-defined]
