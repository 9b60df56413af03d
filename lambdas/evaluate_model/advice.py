"""What to do next, in sentences for whoever reads the verdict. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lambdas.evaluate_model.gate import BETTER, COLLAPSED, NOT_COMPARABLE, Verdict

_BY_CHECK = {
    "gain": "The champion stays. Upload more or later rows, or change estimator or features.",
    "confidence": "The gain is smaller than chance among so few rows can make it; more rows decide.",
    "baseline": "The columns say nothing of the target that the model could learn: look for mixed-up "
    "labels first, then for columns that say more.",
    "baseline confidence": "Look for mixed-up labels; the model is hardly better than a constant answer.",
    "first model bound": "Improve the model, or set [gate] first_model_bound to what is good enough.",
    "worst slice": "Look at the slice in the report: it may need more rows, or columns that tell it apart.",
    "drift": "See whether the column that moved is right; if it is, raise [gate] max_drift_psi.",
    "size": "Upload the whole data rather than a part, or lower [gate] min_size_share.",
    "leak": "Take the columns out of the contract if they are known only after the target is.",
    "parity": "The exported model differs from the trained one: report it, this is a fault of the export.",
    "latency": "Train a smaller model, or raise [gate] max_predict_latency_us.",
}


def advice(verdict: Verdict, causes: Sequence[str]) -> list[str]:
    """At least one sentence each time."""
    if verdict.outcome == BETTER:
        return ["Nothing: the model goes on to its deployment."]
    if verdict.outcome == COLLAPSED:
        return [
            *(f"Likely: {cause}." for cause in causes),
            "Mend the upload if it is wrong. If the world has changed instead, reject the champion's package "
            "and upload again: the next challenger need not beat it.",
        ]
    if verdict.outcome == NOT_COMPARABLE:
        return [
            "Upload later rows, so that enough of them are new to the champion; or, to let a challenger take "
            "over without a comparison, reject the champion's package and upload again.",
        ]
    failed = [check.name for check in verdict.checks if not check.passed]
    return list(dict.fromkeys(_BY_CHECK[name] for name in failed if name in _BY_CHECK))
