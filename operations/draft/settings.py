"""Training, gate and deployment of a draft, to suit the table's size."""

from __future__ import annotations

from operations.draft.plan import Plan

_SMALL_ROWS, _MEDIUM_ROWS = 500, 5_000
_FEW_ROWS = 100


def training(plan: Plan) -> list[str]:
    """Few rows are learned by heart by what suits many: the fewer there are, the more regularised it is."""
    small, medium = plan.good_rows < _SMALL_ROWS, plan.good_rows < _MEDIUM_ROWS
    parameters = [
        f"max_iter = {60 if small else 120 if medium else 300}",
        f"learning_rate = {0.05 if small else 0.06 if medium else 0.08}",
        f"max_leaf_nodes = {6 if small else 12 if medium else 31}",
        f"min_samples_leaf = {max(3, min(20, plan.good_rows // 15))}",
        f"l2_regularization = {5.0 if small else 1.0}",
        "early_stopping = false",
    ]
    return [
        "# --- Training: hist_gradient_boosting, random_forest, extra_trees, xgboost, lightgbm or linear ---",
        "[training]",
        'estimator = "hist_gradient_boosting"',
        "seed = 42",
        f"folds = {2 if plan.good_rows < _FEW_ROWS else 3}",
        "",
        "[training.parameters]",
        *parameters,
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
