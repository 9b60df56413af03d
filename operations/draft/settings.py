"""Training, gate and deployment of a draft, to suit the table's size."""

from __future__ import annotations

from operations.draft import roles as r
from operations.draft.plan import Plan

_FEW_ROWS = 100
_CELLS, _BUDGETS = (50_000, 1_000_000), (30, 60, 120)  # seconds by rows times columns


def training(plan: Plan) -> list[str]:
    """The estimator is chosen by cross-validation on the training rows, in a time that suits their number."""
    texts = len(plan.named(r.TEXT))
    cells = plan.good_rows * (len(plan.columns) + texts * plan.buckets)
    budget = _BUDGETS[sum(cells > size for size in _CELLS)]
    return [
        "# --- Training: auto and ensemble choose; or hist_gradient_boosting, random_forest, extra_trees,",
        "# xgboost, lightgbm, linear or mlp, with parameters of its own in [training.parameters] ---",
        "[training]",
        'estimator = "auto"',
        f"budget_seconds = {budget}  # for choosing",
        "seed = 42",
        f"folds = {2 if plan.good_rows < _FEW_ROWS else 3}",
        "",
    ]


def gate(plan: Plan) -> list[str]:
    metric = "log_loss_error" if plan.answer.is_classification else "rmse_error"
    return [
        "# --- The gate: when a challenger replaces the champion ---",
        "[gate]",
        f'metric = "{metric}"  # _error: lower is better, _score: higher is',
        "min_gain_share = 0.002",
        "confidence = 0.9",
        f"min_slice_rows = {max(10, min(50, plan.good_rows // 50))}",
        *(
            ["# refuse_leaks = true  # keep out a model while the suspected leaks are features"]
            if plan.leaks
            else []
        ),
        "",
    ]


def deployments() -> list[str]:
    common = ['strategy = "canary"', "canary_percent = 50", "instance_count = 2"]
    return [
        "# --- Blue/green per stage ---",
        "[deployment.dev]",
        *common,
        'instance_type = "ml.t2.medium"',
        "baking_seconds = 180  # the alarms' period and the time that metrics take to arrive, at least",
        "termination_wait_seconds = 30",
        "max_execution_seconds = 1800",
        "alarm_period_seconds = 60",
        "max_model_latency_us = 1000000  # slowest 1 %; a machine that shares its processor pauses",
        "",
        "[deployment.prod]",
        *common,
        'instance_type = "ml.m5.large"',
        "baking_seconds = 900",
        "termination_wait_seconds = 600",
        "max_execution_seconds = 3600",
        "alarm_period_seconds = 60",
        "capture_share = 0.2",
        "",
    ]
