"""What each end of an execution means, in plain words, and the way on from it. Pure.

The outcomes are those of the state machine's Succeed states, the errors those of its state Failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROMOTED, DATASET_REJECTED, ROLLED_BACK = "Promoted", "DatasetRejected", "DeploymentRolledBackError"
UNGUARDED = "DeploymentUnguardedError"
# Ends that are no failure: the pipeline did what it should, and nothing new is served.
VERDICTS = (
    "ChallengerRejected",
    "NotComparable",
    "ChampionCollapsed",
    "Superseded",
    "EndpointServes",
    "ApprovalRefused",
)

_MEANING = {
    PROMOTED: "the new model serves",
    "ChallengerRejected": "the gate keeps the new model out",
    "NotComparable": "too few rows are new to both models, so a person decides",
    "ChampionCollapsed": "the champion is not what it was on these rows, so a person decides",
    DATASET_REJECTED: "the file breaks the dataset contract, and nothing was trained",
    "Superseded": "a later upload was faster, and its model goes first",
    "ApprovalRefused": "a person said no to the new model, or nobody answered in time",
    "EndpointServes": "the endpoint serves already, so nothing was deployed",
    ROLLED_BACK: "an alarm fired while the new model took over, and the traffic is back on the one before",
    UNGUARDED: "nobody could vouch for the new model while it took over, and the traffic is back on the one "
    "before",
    "DeploymentFailedError": "SageMaker could not deploy the new model",
    "TrainingFailedError": "the training job ended without a model",
    "RUNNING": "it is under way",
    "ABORTED": "somebody stopped it",
    "TIMED_OUT": "it took longer than the state machine allows",
}
_WAY_ON = {
    "ChallengerRejected": "upload more rows or columns that say more, or change [training] or [gate]",
    "NotComparable": "upload later rows, or reject the champion's package and upload again",
    "ChampionCollapsed": "see whether the upload's labels and units are right; if the world has changed, "
    "reject the champion's package and upload again",
    DATASET_REJECTED: "mend the rows that the message names, or the contract in pipeline.toml",
    "Superseded": "nothing; the later upload's execution says what became of it",
    "ApprovalRefused": "read the reason; upload again once it is answered, or once somebody is there to ask",
    "EndpointServes": "nothing",
    ROLLED_BACK: "read docs/runbook.md#deploymentrolledback",
    UNGUARDED: "send traffic while a model is deployed, and see who changes its alarms",
    "DeploymentFailedError": "read docs/runbook.md#deploymentfailed",
    "TrainingFailedError": "read the cause: it holds what the training program said",
    "RUNNING": "wait for it, or follow it: greenlight run last --follow",
    "ABORTED": "read docs/runbook.md#executionaborted",
    "TIMED_OUT": "read docs/runbook.md#executiontimedout",
}
_UNKNOWN_WAY_ON = "look the error up in docs/runbook.md#executionfailed"


def meaning(outcome: str, document: Mapping[str, Any]) -> str:
    """What the outcome means; of an error that has no words here, that the execution failed."""
    found = _MEANING.get(outcome, "the execution failed")
    if outcome == PROMOTED and _table(document, "promotion").get("proof") == "unproven":
        status = _table(document, "deployment_status").get("reason", "")
        return f"{found}, though it answered too few requests to be proved: {status}"
    return found


def way_on(outcome: str, document: Mapping[str, Any]) -> str:
    """What to do next: the report's own advice where there is one."""
    verdict = _table(_table(document, "evaluation"), "verdict")
    advice = verdict.get("advice") if outcome in VERDICTS else None
    if advice:
        return " ".join(str(sentence) for sentence in advice)
    if outcome == PROMOTED:
        is_unproven = _table(document, "promotion").get("proof") == "unproven"
        return (
            "send traffic while a model is deployed, or set min_green_requests lower" if is_unproven else ""
        )
    return _WAY_ON.get(outcome, _UNKNOWN_WAY_ON)


def reason(document: Mapping[str, Any], cause: str) -> str:
    """The execution's own words."""
    found = document.get("reason") or _table(document, "dataset").get("message") or cause
    return str(found or "no reason was given")


def is_good(outcome: str) -> bool | None:
    """True where a model took over, None where it is no failure and nothing new is served."""
    if outcome == PROMOTED:
        return True
    return None if outcome in (*VERDICTS, "RUNNING") else False


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    return found if isinstance(found, Mapping) else {}
