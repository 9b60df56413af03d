"""What each end of an execution means, in plain words, and the way on from it.

The outcomes are those of the state machine's Succeed states, the errors those of its state Failed.
"""

from __future__ import annotations

from typing import Any

from operations.rehearsal.watch import Execution

PROMOTED, DATASET_REJECTED, ROLLED_BACK = "Promoted", "DatasetRejected", "DeploymentRolledBackError"
UNGUARDED = "DeploymentUnguardedError"
# Ends that are no failure: the pipeline did what it should, and nothing new is served.
VERDICTS = ("ChallengerRejected", "NotComparable", "ChampionCollapsed", "Superseded", "EndpointServes")

_MEANING = {
    PROMOTED: "the new model serves",
    "ChallengerRejected": "the gate keeps the new model out",
    "NotComparable": "too few rows are new to both models, so a person decides",
    "ChampionCollapsed": "the champion is not what it was on these rows, so a person decides",
    DATASET_REJECTED: "the file breaks the dataset contract, and nothing was trained",
    "Superseded": "a later upload was faster, and its model goes first",
    "EndpointServes": "the endpoint serves already, so nothing was deployed",
    ROLLED_BACK: "an alarm fired while the new model took over, and the traffic is back on the one before",
    UNGUARDED: "nobody could vouch for the new model while it took over, and the traffic is back on the one "
    "before",
    "DeploymentFailedError": "SageMaker could not deploy the new model",
    "TrainingFailedError": "the training job ended without a model",
}
_WAY_ON = {
    "ChallengerRejected": "upload more rows or columns that say more, or change [training] or [gate]",
    "NotComparable": "upload later rows, or reject the champion's package and upload again",
    "ChampionCollapsed": "see whether the upload's labels and units are right; if the world has changed, "
    "reject the champion's package and upload again",
    DATASET_REJECTED: "mend the rows that the message names, or the contract in pipeline.toml",
    "Superseded": "nothing; the later upload's execution says what became of it",
    "EndpointServes": "nothing",
    ROLLED_BACK: "read docs/runbook.md#deploymentrolledback",
    UNGUARDED: "send traffic while a model is deployed, and see who changes its alarms",
    "DeploymentFailedError": "read docs/runbook.md#deploymentfailed",
    "TrainingFailedError": "read the cause: it holds what the training program said",
}
_UNKNOWN_WAY_ON = "look the error up in docs/runbook.md#executionfailed"


def meaning(execution: Execution) -> str:
    """What the outcome means; of an error that has no words here, that the execution failed."""
    found = _MEANING.get(execution.outcome, "the execution failed")
    proof = execution.output.get("promotion", {}).get("proof", "")
    if execution.outcome == PROMOTED and proof == "unproven":
        return f"{found}, though it answered too few requests to be proved: {_status(execution)}"
    return found


def way_on(execution: Execution) -> str:
    """What to do next: the report's own advice where there is one."""
    verdict = execution.output.get("evaluation", {}).get("verdict", {})
    advice = verdict.get("advice") if execution.outcome in VERDICTS else None
    if advice:
        return " ".join(str(sentence) for sentence in advice)
    if execution.outcome == PROMOTED:
        is_unproven = execution.output.get("promotion", {}).get("proof") == "unproven"
        return (
            "send traffic while a model is deployed, or set min_green_requests lower" if is_unproven else ""
        )
    return _WAY_ON.get(execution.outcome, _UNKNOWN_WAY_ON)


def reason(execution: Execution) -> str:
    """The execution's own words."""
    document: dict[str, Any] = execution.output
    found = document.get("reason") or document.get("dataset", {}).get("message") or execution.cause
    return str(found or "no reason was given")


def _status(execution: Execution) -> str:
    return str(execution.output.get("deployment_status", {}).get("reason", ""))
