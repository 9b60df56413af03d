"""Training asks of MLflow only what 3.0 has, the newest version that AWS names for a client
(docs/adr/0013)."""

import ast
from pathlib import Path

TRAINING = Path(__file__).parents[3] / "training_jobs"
# In MLflow's fluent API since 2.4 at the latest (release notes of 2.4.0: `mlflow.data`, `log_input`);
# `models` and `pyfunc` log a model from code, which 2.16.0 built on (its release notes).
OLD_ENOUGH = {
    *("set_tracking_uri", "set_experiment", "start_run", "end_run", "active_run", "set_tags", "set_tag"),
    *("log_params", "log_param", "log_metrics", "log_metric", "log_input", "log_dict", "log_artifact"),
    *("log_artifacts", "log_text", "data", "models", "pyfunc"),
}


def asked() -> set[str]:
    """What is taken from the module `mlflow`, wherever training does."""
    found = set()
    for path in TRAINING.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"mlflow", "self._mlflow"}:
                found.add(node.attr)
    return found


def test_training_calls_nothing_of_mlflow_that_version_3_0_has_not():
    assert "start_run" in asked()
    assert asked() <= OLD_ENOUGH
